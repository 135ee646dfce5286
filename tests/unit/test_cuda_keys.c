/* The keys that naive and decode kernels are told of are those of the pattern's own rows. */
#include "cuda_program.h"
#include "decode_params.h"
#include "naive_params.h"
#include "sim_large.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static const void *constant(const tb_cuda_program *program, const char *name)
{
    for (int i = 0; i < program->buffers; i++) {
        if (strcmp(program->buffer[i].name, name) == 0) {
            return program->buffer[i].data;
        }
    }
    return NULL;
}

static void mark(int64_t begin, int64_t end, void *user)
{
    for (int64_t k = begin; k < end; k++) {
        ((int *)user)[k]++;
    }
}

/* A program of a random case, with fewer extents of chance that the kernels do not take. */
static tb_cuda_program *program_of(tb_sim_case *c, tb_implementation implementation, int64_t splits)
{
    tb_cuda_device device = {.arch = TB_SM_90, .sms = 5};
    tb_cuda_program *program = NULL;
    tb_error err;
    c->problem.pass = TB_PASS_FORWARD;
    tb_launch launch = {.problem = c->problem,
                        .pattern = c->pattern,
                        .implementation = implementation,
                        .splits = splits};
    tb_assert_ok(tb_cuda_program_create(&launch, &device, &program, &err), &err);
    return program;
}

/* As na_naive walks its windows, for one query of the layout. */
static void mark_naive(const tb_naive_params *params, const tb_naive_window *const *window,
                       int64_t query, int *seen)
{
    int64_t at[TB_NAIVE_AXES], rest = query;
    for (int a = TB_NAIVE_AXES - 1; a >= 0; a--) {
        at[a] = rest % params->extent[a];
        rest /= params->extent[a];
    }
    for (int64_t key = 0; key < params->tokens; key++) {
        bool is_seen = true;
        rest = key;
        for (int a = TB_NAIVE_AXES - 1; a >= 0; a--) {
            int64_t x = rest % params->extent[a];
            rest /= params->extent[a];
            if (window[a] != NULL) {
                tb_naive_window w = window[a][at[a]];
                is_seen = is_seen && x >= w.start && x < w.end &&
                          (x - w.start) % params->dilation[a] == 0;
            }
        }
        seen[key] += is_seen;
    }
}

static void check_naive(tb_sim_case *c)
{
    tb_cuda_program *program = program_of(c, TB_IMPLEMENTATION_NAIVE, 0);
    tb_naive_params params;
    memcpy(&params, program->step[0].params, sizeof params);
    const tb_naive_window *window[TB_NAIVE_AXES] = {
        constant(program, "window 0"), constant(program, "window 1"), constant(program, "window 2"),
        constant(program, "window 3")};
    int64_t n = tb_layout_tokens(&c->problem.layout);
    tb_sim_large_assert(c, params.tokens == n, "tokens");
    for (int64_t q = 0; q < n; q++) {
        int *want = calloc((size_t)n, sizeof *want), *seen = calloc((size_t)n, sizeof *seen);
        assert_true(want != NULL && seen != NULL);
        tb_pattern_row(&c->pattern, &c->problem.layout, q, mark, want);
        mark_naive(&params, window, q, seen);
        tb_sim_large_assert(c, memcmp(want, seen, (size_t)n * sizeof *want) == 0,
                            "windows are the pattern's rows");
        free(seen);
        free(want);
    }
    tb_cuda_program_destroy(program);
}

static void naive_windows__are_the_patterns_rows(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1500);
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = tb_sim_case_product(random);
        check_naive(&c);
        tb_sim_case_free(&c);
    }
    print_message("%d cases\n", cases);
    gsl_rng_free(random);
}

/* Each item's parts hold each of its positions once, and are a CTA's each once. */
static void check_parts(const tb_sim_case *c, const tb_cuda_program *program, int64_t keys)
{
    const tb_decode_part *part = constant(program, "parts");
    const tb_i32 *cta_first = constant(program, "cta_first");
    const tb_i32 *item_first = constant(program, "item_first");
    tb_decode_params params;
    memcpy(&params, program->step[0].params, sizeof params);
    int64_t items = c->problem.batch * c->problem.heads_kv * params.row_sets;
    tb_sim_large_assert(c, cta_first[0] == 0 && item_first[0] == 0, "parts begin");
    for (int64_t i = 0; i < items; i++) {
        int64_t next = 0;
        for (int p = item_first[i]; p < item_first[i + 1]; p++) {
            tb_sim_large_assert(c, part[p].item == i && part[p].begin == next, "parts in order");
            next = part[p].end;
        }
        tb_sim_large_assert(c, next == keys, "parts of an item hold its keys");
    }
    int64_t ctas = program->step[0].grid[0];
    tb_sim_large_assert(c, cta_first[ctas] == item_first[items], "a CTA for each part");
}

static void check_decode(tb_sim_case *c, int64_t splits)
{
    tb_cuda_program *program = program_of(c, TB_IMPLEMENTATION_DECODE, splits);
    const tb_decode_sequence *sequence = constant(program, "sequences");
    const tb_decode_interval *interval = constant(program, "intervals");
    int64_t n = tb_layout_tokens(&c->problem.layout), all = n + c->problem.extra_kv, keys = 0;
    int *want = calloc((size_t)all, sizeof *want), *seen = calloc((size_t)all, sizeof *seen);
    assert_true(want != NULL && seen != NULL);
    tb_pattern_row(&c->pattern, &c->problem.layout, n - 1, mark, want);
    mark(n, all, want);
    for (int i = 0; i < sequence->intervals; i++) {
        int64_t count = interval[i + 1].position - interval[i].position;
        tb_sim_large_assert(c, count > 0, "an interval has keys");
        mark(interval[i].token, interval[i].token + count, seen);
        keys += count;
    }
    tb_sim_large_assert(c, keys == sequence->keys, "keys of the sequence");
    tb_sim_large_assert(c, memcmp(want, seen, (size_t)all * sizeof *want) == 0,
                        "intervals are the last token's row");
    check_parts(c, program, keys);
    free(seen);
    free(want);
    tb_cuda_program_destroy(program);
}

static void decode_parts__hold_each_key_once(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1500);
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = i % 2 == 0 ? tb_sim_case_product(random) : tb_sim_case_rows(random);
        tb_error err;
        c.problem.batch = tb_test_between(random, 1, 3);
        c.problem.heads_kv = tb_test_between(random, 1, 4);
        c.problem.heads = c.problem.heads_kv * tb_test_between(random, 1, 40);
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) {
            check_decode(&c, tb_test_between(random, 0, 9));
        }
        tb_sim_case_free(&c);
    }
    print_message("%d cases\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(naive_windows__are_the_patterns_rows),
         cmocka_unit_test(decode_parts__hold_each_key_once));
