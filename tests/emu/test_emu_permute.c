/* token_permute and token_unpermute on the emulator: bit for bit, against the table of slots. */
#include "kernel_run.h"
#include "permute_params.h"
#include "test_support.h"
#include "tile_list.h"

#include <stdlib.h>
#include <string.h>

/* Tokens by slot. */
typedef struct table {
    int64_t tokens, slots;
    tb_i32 *token_of;
} table;

static void *filled(gsl_rng *random, int64_t bytes)
{
    unsigned char *made = malloc((size_t)bytes);
    assert_non_null(made);
    for (int64_t i = 0; i < bytes; i++) {
        made[i] = (unsigned char)gsl_rng_uniform_int(random, 256);
    }
    return made;
}

/* The slots of a tile list's query side or KV side, tile after tile. */
static table table_of_list(const tb_tile_list *list, bool is_kv)
{
    int64_t tiles = is_kv ? list->kv_tiles : list->q_tiles;
    int64_t capacity = is_kv ? list->kv_capacity : list->q_capacity;
    int64_t extra = is_kv ? list->problem.extra_kv : list->problem.extra_q;
    table made = {.tokens = tb_layout_tokens(&list->problem.layout) + extra,
                  .slots = tiles * capacity};
    int64_t *slots = calloc((size_t)capacity, sizeof *slots);
    made.token_of = calloc((size_t)made.slots, sizeof *made.token_of);
    assert_non_null(slots);
    assert_non_null(made.token_of);
    for (int64_t i = 0; i < tiles; i++) {
        if (is_kv) {
            tb_tile_list_kv_slots(list, i, slots);
        } else {
            tb_tile_list_q_slots(list, i, slots);
        }
        for (int64_t s = 0; s < capacity; s++) {
            made.token_of[i * capacity + s] = (tb_i32)slots[s];
        }
    }
    free(slots);
    return made;
}

/* A dilated, ragged layout with extra tokens, in boxes; or an order in runs. */
static table random_table(gsl_rng *random, int number)
{
    tb_problem problem = tb_problem_default();
    tb_pattern pattern = tb_pattern_default();
    tb_tiling tiling = {.kind = TB_TILING_MULTI_DIM};
    problem.layout = (tb_layout){.rank = 1 + number % 3};
    pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < problem.layout.rank; d++) {
        problem.layout.extent[d] = tb_test_between(random, 3, 17);
        pattern.dilation[d] = tb_test_between(random, 1, 3);
        pattern.window[d] =
            tb_test_between(random, 1, problem.layout.extent[d] / pattern.dilation[d]);
        tiling.q_tile[d] = tb_test_between(random, 1, 5);
        tiling.kv_tile[d] = tb_test_between(random, 1, 5);
    }
    problem.extra_q = tb_test_between(random, 0, 5);
    problem.extra_kv = tb_test_between(random, 0, 5);
    if (number % 4 == 3) {
        tiling.kind = TB_TILING_SINGLE_DIM;
        tiling.order = number % 8 == 3 ? TB_ORDER_HILBERT : TB_ORDER_MORTON;
    }
    tb_tile_list *list = NULL;
    tb_error err;
    tb_assert_ok(tb_tile_list_create(&problem, &pattern, &tiling, &list, &err), &err);
    table made = table_of_list(list, number % 2 != 0);
    tb_tile_list_destroy(list);
    return made;
}

/* Up to three tensors over one table, there and back. */
typedef struct permutation {
    table table;
    int tensors, batch;
    int64_t row_bytes[TB_PERMUTE_TENSORS];
    void *tokens[TB_PERMUTE_TENSORS]; /* host */
} permutation;

static int64_t token_bytes(const permutation *p, int i)
{
    return p->batch * p->table.tokens * p->row_bytes[i];
}

static int64_t slot_bytes(const permutation *p, int i)
{
    return p->batch * p->table.slots * p->row_bytes[i];
}

/* What permute should give. */
static unsigned char *expected_slots(const permutation *p, int i)
{
    unsigned char *want = calloc((size_t)slot_bytes(p, i), 1);
    assert_non_null(want);
    size_t row = (size_t)p->row_bytes[i];
    for (int64_t b = 0; b < p->batch; b++) {
        for (int64_t s = 0; s < p->table.slots; s++) {
            if (p->table.token_of[s] >= 0) {
                memcpy(want + (size_t)(b * p->table.slots + s) * row,
                       (const unsigned char *)p->tokens[i] +
                           (size_t)(b * p->table.tokens + p->table.token_of[s]) * row,
                       row);
            }
        }
    }
    return want;
}

static int random_ctas(gsl_rng *random, const permutation *p, int i)
{
    int64_t row = p->row_bytes[i], word = row % 16 == 0 ? 16 : 4;
    int64_t all = TB_PERMUTE_CTAS(p->table.slots, p->batch, row, word);
    return (int)(gsl_rng_uniform_int(random, 2) != 0 ? all : tb_test_between(random, 1, 3));
}

/* Tensors of whole sectors: stores touch their bytes' sectors once, and loads too but for those of
 * the table, at most one for each row that a warp's 32 words lie in. */
static void check_sectors(const permutation *p, const tb_emu_counters *counters, bool is_to_slots)
{
    int64_t bytes = 0, stored = 0, tokens = 0, words = 0;
    for (int64_t s = 0; s < p->table.slots; s++) {
        tokens += p->table.token_of[s] >= 0;
    }
    for (int i = 0; i < p->tensors; i++) {
        if (p->row_bytes[i] % 32 != 0) {
            return;
        }
        bytes += p->batch * tokens * p->row_bytes[i];
        stored += is_to_slots ? slot_bytes(p, i) : p->batch * tokens * p->row_bytes[i];
        words += slot_bytes(p, i) / 16;
    }
    assert_int_equal(counters->store_sectors, stored / 32);
    assert_int_equal(counters->store_sectors, counters->store_sectors_ideal);
    assert_true(counters->load_sectors >= bytes / 32);
    /* 32 words touch at most 16 + 1 rows of 32 bytes or more, whose entries lie in 4 sectors. */
    assert_true(counters->load_sectors <= bytes / 32 + 4 * ((words + 31) / 32 + p->batch * 8));
}

static void permute(gsl_rng *random, const permutation *p, const tb_kernel *kernel,
                    bool is_to_slots, void *const *from, const void *before, void **to)
{
    tb_permute_params params = {
        .tokens = p->table.tokens, .slots = p->table.slots, .batch = p->batch};
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    tb_kernel_run run = {.memory = memory, .steps = 1, .outputs = p->tensors};
    int ctas = 1;
    for (int i = 0; i < p->tensors; i++) {
        int64_t from_bytes = is_to_slots ? token_bytes(p, i) : slot_bytes(p, i);
        int64_t to_bytes = is_to_slots ? slot_bytes(p, i) : token_bytes(p, i);
        params.tensor[i].row_bytes = p->row_bytes[i];
        params.tensor[i].from = tb_kernel_buffer(memory, "from", from_bytes, from[i]);
        params.tensor[i].to = tb_kernel_buffer(memory, "to", to_bytes, NULL);
        to[i] = malloc((size_t)to_bytes);
        run.output[i] = (tb_kernel_output){
            .buffer = params.tensor[i].to, .before = before, .host = to[i], .bytes = to_bytes};
        int needed = random_ctas(random, p, i);
        ctas = needed > ctas ? needed : ctas;
    }
    params.tokens_of = tb_kernel_buffer(
        memory, "table", p->table.slots * (int64_t)sizeof *p->table.token_of, p->table.token_of);
    run.step[0] = (tb_kernel_step){.kernel = kernel,
                                   .grid = {ctas, p->tensors, 1},
                                   .params = &params,
                                   .params_bytes = sizeof params};
    tb_kernel_run_all(&run);
    check_sectors(p, &run.counters[0], is_to_slots);
    tb_emu_memory_destroy(memory);
}

/* There, and back over a tensor of 0xa5: tokens that have no slot stay so. */
static void check(gsl_rng *random, const permutation *p, const tb_kernel kernels[2])
{
    void *slots[TB_PERMUTE_TENSORS], *back[TB_PERMUTE_TENSORS];
    int64_t longest = 0;
    for (int i = 0; i < p->tensors; i++) {
        longest = token_bytes(p, i) > longest ? token_bytes(p, i) : longest;
    }
    unsigned char *before = malloc((size_t)longest), *has_slot = calloc((size_t)p->table.tokens, 1);
    assert_non_null(before);
    assert_non_null(has_slot);
    memset(before, 0xa5, (size_t)longest);
    for (int64_t s = 0; s < p->table.slots; s++) {
        if (p->table.token_of[s] >= 0) {
            has_slot[p->table.token_of[s]] = 1;
        }
    }
    permute(random, p, &kernels[0], true, p->tokens, NULL, slots);
    permute(random, p, &kernels[1], false, slots, before, back);
    for (int i = 0; i < p->tensors; i++) {
        unsigned char *want = expected_slots(p, i);
        assert_memory_equal(slots[i], want, (size_t)slot_bytes(p, i));
        free(want);
        for (int64_t r = 0; r < p->batch * p->table.tokens; r++) {
            size_t row = (size_t)p->row_bytes[i];
            const unsigned char *original = (const unsigned char *)p->tokens[i] + (size_t)r * row;
            assert_memory_equal((const unsigned char *)back[i] + (size_t)r * row,
                                has_slot[r % p->table.tokens] ? original : before, row);
        }
        free(slots[i]);
        free(back[i]);
    }
    free(before);
    free(has_slot);
}

/* Rows of heads * dim elements, of lse, of a single word, and longer than a CTA moves at a time. */
static const int64_t row_bytes[] = {16, 32, 48, 4, 12, 256, 768, 1536, 20, 36, 96, 6144, 17408, 24};

#define ROW_BYTES (sizeof row_bytes / sizeof row_bytes[0])

static void permutation__is_bit_exact_there_and_back(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_kernel kernels[2] = {tb_kernel_open("token_permute"), tb_kernel_open("token_unpermute")};
    int cases = tb_test_cases(28);
    for (int n = 0; n < cases; n++) {
        permutation p = {.table = random_table(random, n),
                         .tensors = (int)tb_test_between(random, 1, TB_PERMUTE_TENSORS),
                         .batch = (int)tb_test_between(random, 1, 3)};
        for (int i = 0; i < p.tensors; i++) {
            p.row_bytes[i] = row_bytes[((size_t)n + (size_t)i * 5) % ROW_BYTES];
            p.tokens[i] = filled(random, token_bytes(&p, i));
        }
        check(random, &p, kernels);
        for (int i = 0; i < p.tensors; i++) {
            free(p.tokens[i]);
        }
        free(p.table.token_of);
    }
    print_message("%d permutations there and back\n", cases);
    tb_kernel_close(&kernels[0]);
    tb_kernel_close(&kernels[1]);
    gsl_rng_free(random);
}

/* 3 slots, tokens 4 and 1, one padded: by hand. */
static void slots__without_a_token_become_zero(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_kernel kernel = tb_kernel_open("token_permute");
    tb_i32 token_of[3] = {4, -1, 1};
    tb_u32 tokens[5] = {10, 11, 12, 13, 14};
    permutation p = {.table = {.tokens = 5, .slots = 3, .token_of = token_of},
                     .tensors = 1,
                     .batch = 1,
                     .row_bytes = {4},
                     .tokens = {tokens}};
    void *slots[1];
    permute(random, &p, &kernel, true, p.tokens, NULL, slots);
    static const tb_u32 want[3] = {14, 0, 11};
    assert_memory_equal(slots[0], want, sizeof want);
    free(slots[0]);
    tb_kernel_close(&kernel);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(slots__without_a_token_become_zero),
         cmocka_unit_test(permutation__is_bit_exact_there_and_back));
