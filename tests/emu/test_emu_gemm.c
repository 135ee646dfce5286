/* Unfused attention on the emulator, as it is planned for a GPU: every query of random problems in
 * boxes and runs, by rule and by stored masks, against double precision; and what it counts. */
#include "cuda_program.h"
#include "emu_attention.h"
#include "gemm_params.h"
#include "kernel_run.h"
#include "test_support.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "token_permute",       "token_unpermute",     "na_gemm_scores_bf16",  "na_gemm_softmax_bf16",
    "na_gemm_values_bf16", "na_gemm_scores_fp16", "na_gemm_softmax_fp16", "na_gemm_values_fp16"};

#define NAMES (sizeof names / sizeof names[0])

/* What is drawn; the list and the mask are owned. */
typedef struct gemm_case {
    tb_launch launch;
    tb_tile_list *list;
    tb_bit_matrix *mask; /* or NULL */
} gemm_case;

/* A random problem in tiles of 64 tokens. */
static const int64_t boxes[][3][3] = {
    {{64}, {64}, {64}}, {{8, 8}, {4, 16}, {64, 1}}, {{4, 4, 4}, {2, 4, 8}, {16, 2, 2}}};

static const int64_t dims[][2] = {{64, 64},   {128, 128}, {32, 32},   {96, 96},
                                  {256, 256}, {72, 40},   {192, 128}, {8, 136}};

static void draw_gna(gsl_rng *random, tb_launch *launch)
{
    static const int64_t longest[] = {0, 230, 15, 7};
    int rank = launch->problem.layout.rank;
    tb_pattern *pattern = &launch->pattern;
    pattern->kind = TB_PATTERN_GNA;
    for (int d = 0; d < rank; d++) {
        int64_t extent = tb_test_between(random, longest[rank] / 2, longest[rank]);
        launch->problem.layout.extent[d] = extent;
        pattern->dilation[d] = tb_test_between(random, 1, 2);
        pattern->window[d] = tb_test_between(random, extent / 5 + 1, extent / pattern->dilation[d]);
        pattern->stride[d] = tb_test_between(random, 1, pattern->window[d]);
        pattern->causal[d] = gsl_rng_uniform_int(random, 4) == 0;
    }
}

static tb_bit_matrix *draw_mask(gsl_rng *random, int64_t tokens)
{
    tb_bit_matrix *mask = NULL;
    tb_error err;
    tb_assert_ok(tb_bit_matrix_create(tokens, tokens, &mask, &err), &err);
    for (int64_t r = 0; r < tokens; r++) {
        int64_t begin = tb_test_between(random, 0, tokens - 1);
        int64_t end = tb_test_between(random, begin, tokens);
        for (int64_t c = begin; c < end; c++) { /* some rows see nothing */
            tb_bits_set(tb_bit_matrix_row(mask, r), c);
        }
    }
    return mask;
}

static gemm_case draw(gsl_rng *random, int number)
{
    gemm_case drawn = {.launch = tb_launch_default()};
    tb_launch *launch = &drawn.launch;
    tb_problem *p = &launch->problem;
    size_t dim = (size_t)(number + number / 4) % (sizeof dims / sizeof dims[0]);
    launch->implementation = TB_IMPLEMENTATION_UNFUSED;
    launch->workspace_bytes = number % 3 == 0 ? 1 : 0; /* a head at a time, or all */
    p->dtype = number / 4 % 2 == 0 ? TB_DTYPE_BF16 : TB_DTYPE_FP16;
    p->dim = dims[dim][0];
    p->dim_value = dims[dim][1];
    p->layout.rank = 1 + number % 3;
    p->batch = tb_test_between(random, 1, 2);
    p->heads_kv = 1;
    p->heads = tb_test_between(random, 1, 2);
    p->extra_kv = tb_test_between(random, 0, 1) * tb_test_between(random, 1, 70);
    p->extra_q = tb_test_between(random, 0, 1) * tb_test_between(random, 1, 7);
    draw_gna(random, launch);
    if (number % 4 == 3) {
        drawn.mask = draw_mask(random, tb_layout_tokens(&p->layout));
        launch->pattern = tb_pattern_default();
        launch->pattern.kind = TB_PATTERN_EXPLICIT;
        launch->pattern.mask = drawn.mask;
    } else if (number % 16 == 6) {
        launch->pattern = tb_pattern_default();
        launch->pattern.kind = TB_PATTERN_CAUSAL;
    }
    if (number % 4 < 2) {
        const int64_t(*box)[3] = boxes[p->layout.rank - 1];
        launch->tiling.kind = TB_TILING_MULTI_DIM;
        memcpy(launch->tiling.q_tile, box[tb_test_between(random, 0, 2)], sizeof box[0]);
        memcpy(launch->tiling.kv_tile, box[tb_test_between(random, 0, 2)], sizeof box[0]);
    } else {
        launch->tiling = (tb_tiling){.kind = TB_TILING_SINGLE_DIM,
                                     .order = (tb_token_order)tb_test_between(random, 0, 2),
                                     .q_tile = {64},
                                     .kv_tile = {64}};
    }
    tb_error err;
    tb_assert_ok(tb_tile_list_create(p, &launch->pattern, &launch->tiling, &drawn.list, &err),
                 &err);
    return drawn;
}

typedef struct counter {
    _Atomic int64_t n;
} counter;

/* Unmasked elements by entry, of slots that hold a query; `at` is the entry's query tile. */
typedef struct counting {
    const tb_tile_list *list;
    int64_t *at;
    int64_t *has_query; /* |T| a query tile: its tokens, -1 = none */
    counter *unmasked;
} counting;

static counting counting_begin(const tb_tile_list *list)
{
    counting made = {.list = list,
                     .at = calloc((size_t)list->visited + 1, sizeof *made.at),
                     .has_query =
                         calloc((size_t)(list->q_tiles * list->q_capacity), sizeof *made.has_query),
                     .unmasked = calloc((size_t)list->visited + 1, sizeof *made.unmasked)};
    assert_non_null(made.at);
    assert_non_null(made.has_query);
    assert_non_null(made.unmasked);
    for (int64_t q = 0; q < list->q_tiles; q++) {
        tb_tile_list_q_slots(list, q, made.has_query + q * list->q_capacity);
        for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
            made.at[e] = q;
        }
    }
    return made;
}

static void add_unmasked(void *user, const int cta[3], int entry, int slot, int count)
{
    counting *c = user;
    (void)cta;
    if (c->has_query[c->at[entry] * c->list->q_capacity + slot] >= 0) {
        atomic_fetch_add(&c->unmasked[entry].n, count);
    }
}

/* A full tile has none masked, a partial one some of both; together they are the visible pairs. */
static void counting_end(counting *c, int64_t pairs, int64_t visible)
{
    int64_t sum = 0;
    for (int64_t e = 0; e < c->list->visited; e++) {
        int64_t queries = c->list->q[c->at[e]].tokens * pairs;
        sum += c->unmasked[e].n;
        if (c->list->entries[e].mask == TB_TILE_FULL) {
            assert_int_equal(c->unmasked[e].n, queries * c->list->kv_capacity);
        } else {
            assert_true(c->unmasked[e].n > 0);
            assert_true(c->unmasked[e].n < queries * c->list->kv_capacity);
        }
    }
    assert_int_equal(sum, visible);
    free(c->at);
    free(c->has_query);
    free(c->unmasked);
}

/* A program's buffers and steps for the emulator. */
typedef struct loaded {
    tb_kernel_run run;
    uint64_t addresses[64];
    unsigned char params[TB_KERNEL_STEPS_MAX][TB_CUDA_PARAMS_BYTES];
} loaded_program;

static const void *contents_of(const tb_cuda_buffer *buffer, const tb_emu_attention *attention)
{
    switch (buffer->role) {
    case TB_CUDA_Q:
        return attention->q;
    case TB_CUDA_K:
        return attention->k;
    case TB_CUDA_V:
        return attention->v;
    case TB_CUDA_CONSTANT:
        return buffer->data;
    default:
        return NULL;
    }
}

static void load_buffers(const tb_cuda_program *program, tb_emu_attention *attention,
                         loaded_program *out)
{
    assert_in_range(program->buffers, 1, sizeof out->addresses / sizeof out->addresses[0]);
    for (int i = 0; i < program->buffers; i++) {
        const tb_cuda_buffer *buffer = &program->buffer[i];
        const void *contents = contents_of(buffer, attention);
        void *at = tb_kernel_buffer(out->run.memory, buffer->name, buffer->bytes, contents);
        out->addresses[i] = (uint64_t)(uintptr_t)at;
        if (contents == NULL) {
            assert_in_range(out->run.outputs, 0, TB_KERNEL_OUTPUTS_MAX - 1);
            out->run.output[out->run.outputs++] =
                (tb_kernel_output){.buffer = at,
                                   .host = buffer->role == TB_CUDA_O     ? attention->o
                                           : buffer->role == TB_CUDA_LSE ? attention->lse
                                                                         : NULL,
                                   .bytes = buffer->bytes};
        }
    }
}

static void load_steps(const tb_cuda_program *program, const tb_kernel *kernels,
                       loaded_program *out)
{
    assert_in_range(program->steps, 1, TB_KERNEL_STEPS_MAX);
    out->run.steps = program->steps;
    for (int i = 0; i < program->steps; i++) {
        const tb_cuda_step *step = &program->step[i];
        tb_kernel_step *to = &out->run.step[i];
        tb_cuda_step_bind(step, out->addresses, out->params[i]);
        *to = (tb_kernel_step){.grid = {(int)step->grid[0], (int)step->grid[1], (int)step->grid[2]},
                               .params = out->params[i],
                               .params_bytes = (size_t)step->params_bytes};
        for (size_t k = 0; k < NAMES; k++) {
            if (kernels[k].variant == step->variant) {
                to->kernel = &kernels[k];
            }
        }
        assert_non_null(to->kernel);
    }
}

static int64_t rounded(int64_t dim)
{
    return (dim + 15) / 16 * 16;
}

/* Tensor operations exactly; no bank conflict; whole sectors of scores. */
static void check_counters(const tb_kernel_run *run, const gemm_case *drawn)
{
    const tb_problem *p = &drawn->launch.problem;
    int64_t pairs = p->batch * p->heads, tile = TB_GEMM_TILE * TB_GEMM_TILE, mma = 0, want;
    for (int i = 0; i < run->steps; i++) {
        const tb_emu_counters *counters = &run->counters[i];
        mma += counters->mma;
        assert_int_equal(counters->shared_conflicts, 0);
        assert_true(strstr(run->step[i].kernel->variant->name, "scores") == NULL ||
                    counters->store_sectors == counters->store_sectors_ideal);
    }
    want = pairs * drawn->list->visited * tile * (rounded(p->dim) + rounded(p->dim_value)) / 2048;
    assert_int_equal(mma, want);
}

static double run_case(gsl_rng *random, const tb_kernel *kernels, gemm_case *drawn, int number)
{
    const tb_problem *p = &drawn->launch.problem;
    drawn->launch.tiles = drawn->list;
    tb_emu_attention attention =
        tb_emu_attention_create(random, &drawn->launch, number % 5 == 4 ? 300 : 3);
    tb_cuda_program *program = NULL;
    loaded_program *loaded = calloc(1, sizeof *loaded);
    counting count = counting_begin(drawn->list);
    tb_cuda_device device = {.arch = TB_SM_80, .sms = 108};
    tb_error err;
    int64_t visible;
    assert_non_null(loaded);
    tb_assert_ok(tb_cuda_program_create(&drawn->launch, &device, &program, &err), &err);
    tb_assert_ok(tb_emu_memory_create(&loaded->run.memory, &err), &err);
    load_buffers(program, &attention, loaded);
    load_steps(program, kernels, loaded);
    loaded->run.is_inexact = number / 5 % 2 != 0;
    loaded->run.unmasked = add_unmasked;
    loaded->run.user = &count;
    tb_kernel_run_all(&loaded->run);
    double worst = tb_emu_attention_worst(&attention, true, &visible);
    counting_end(&count, p->batch * p->heads, visible);
    check_counters(&loaded->run, drawn);
    tb_emu_memory_destroy(loaded->run.memory);
    tb_cuda_program_destroy(program);
    tb_emu_attention_free(&attention);
    free(loaded);
    return worst;
}

static void every_query__is_within_its_bound(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_kernel kernels[NAMES];
    int cases = tb_test_cases(18);
    int64_t visited = 0;
    double worst = 0;
    for (size_t k = 0; k < NAMES; k++) {
        kernels[k] = tb_kernel_open(names[k]);
    }
    for (int n = 0; n < cases; n++) {
        gemm_case drawn = draw(random, n);
        double here = run_case(random, kernels, &drawn, n);
        assert_true(here <= 1);
        worst = fmax(worst, here);
        visited += drawn.list->visited;
        tb_tile_list_destroy(drawn.list);
        tb_bit_matrix_destroy(drawn.mask);
    }
    print_message("%d problems of %lld visits, errors up to %.3f of their bound\n", cases,
                  (long long)visited, worst);
    for (size_t k = 0; k < NAMES; k++) {
        tb_kernel_close(&kernels[k]);
    }
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(every_query__is_within_its_bound));
