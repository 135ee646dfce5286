/* Decode attention on the emulator, against double precision. */
#include "checked.h"
#include "decode_case.h"
#include "kernel_run.h"
#include "number.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CASES 48

static const char *const names[2][3] = {
    {"fmha_decode_bf16_d64_v64", "fmha_decode_bf16_d128_v128", "fmha_decode_bf16_d256_v256"},
    {"fmha_decode_fp16_d64_v64", "fmha_decode_fp16_d128_v128", "fmha_decode_fp16_d256_v256"}};

/* Opened when first used. */
typedef struct decode_kernels {
    tb_kernel attend[2][3], reduce;
} decode_kernels;

static void close_kernels(decode_kernels *kernels)
{
    for (int i = 0; i < 6; i++) {
        tb_kernel_close(&kernels->attend[i / 3][i % 3]);
    }
    tb_kernel_close(&kernels->reduce);
}

/* A run of both kernels. */
typedef struct decode_run {
    const tb_kernel *attend, *reduce;
    const tb_decode_case *item;
    const tb_decode_division *division;
    bool is_inexact, has_no_lse;
    double worst;
    int64_t *counted; /* by part and row */
    void *o;          /* out */
    float *lse;
    tb_emu_counters counters[2];
} decode_run;

static void count(void *user, const int cta[3], int entry, int slot, int keys)
{
    decode_run *run = user;
    (void)cta;
    int64_t *counter = &run->counted[entry * TB_DECODE_ROWS + slot];
    (void)__atomic_fetch_add(counter, (int64_t)keys, __ATOMIC_RELAXED);
}

static tb_decode_params attend_params(const decode_run *run, tb_emu_memory *memory)
{
    const tb_decode_case *item = run->item;
    const tb_decode_division *division = run->division;
    int64_t kv_rows = item->batch * item->tokens * item->heads_kv;
    int64_t partials = division->parts * TB_DECODE_WARPS * division->rows;
    int64_t list_bytes = item->token_count * (int64_t)sizeof(tb_i32);
    int64_t interval_bytes = item->interval_count * (int64_t)sizeof(tb_decode_interval);
    int64_t q_bytes = item->batch * item->heads * item->dim * 2;
    tb_decode_params params = {
        .q = tb_kernel_buffer(memory, "q", q_bytes, item->q),
        .k = tb_kernel_buffer(memory, "k", kv_rows * item->dim * 2, item->k),
        .v = tb_kernel_buffer(memory, "v", kv_rows * item->dim_value * 2, item->v),
        .parts = tb_kernel_buffer(memory, "parts", division->parts * 16, division->part),
        .cta_first =
            tb_kernel_buffer(memory, "cta_first", (division->ctas + 1) * 4, division->cta_first),
        .sequences =
            tb_kernel_buffer(memory, "sequences", item->sequence_count * 16, item->sequences),
        .partial_o = tb_kernel_buffer(memory, "partial_o", partials * item->dim_value * 4, NULL),
        .partial_sums = tb_kernel_buffer(memory, "partial_sums", partials * 8, NULL),
        .kv_rows = item->tokens,
        .sequence_batch = (tb_i32)item->sequence_batch,
        .sequence_head = (tb_i32)item->sequence_head,
        .heads = (tb_i32)item->heads,
        .heads_kv = (tb_i32)item->heads_kv,
        .row_sets = (tb_i32)division->row_sets,
        .rows = (tb_i32)division->rows,
        .dim = (tb_i32)item->dim,
        .dim_value = (tb_i32)item->dim_value,
        .scale_log2 = (float)(item->scale * 1.4426950408889634)};
    if (item->is_list) {
        params.tokens = tb_kernel_buffer(memory, "tokens", list_bytes, item->positions);
    } else {
        params.intervals = tb_kernel_buffer(memory, "intervals", interval_bytes, item->intervals);
    }
    return params;
}

static void run_kernels(decode_run *run)
{
    const tb_decode_case *item = run->item;
    const tb_decode_division *division = run->division;
    int64_t rows = item->batch * item->heads, o_bytes = rows * item->dim_value * 2;
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    tb_decode_params attend = attend_params(run, memory);
    tb_decode_reduce_params reduce = {
        .o = tb_kernel_buffer(memory, "o", o_bytes, NULL),
        .lse = run->has_no_lse ? NULL : tb_kernel_buffer(memory, "lse", rows * 4, NULL),
        .partial_o = attend.partial_o,
        .partial_sums = attend.partial_sums,
        .item_first =
            tb_kernel_buffer(memory, "item_first", (division->items + 1) * 4, division->item_first),
        .heads = attend.heads,
        .heads_kv = attend.heads_kv,
        .row_sets = attend.row_sets,
        .rows = attend.rows,
        .dim_value = attend.dim_value,
        .is_bf16 = item->dtype == TB_DTYPE_BF16};
    tb_kernel_run kernel_run = {
        .memory = memory,
        .step = {{run->attend, {(int)division->ctas, 1, 1}, &attend, sizeof attend},
                 {run->reduce, {attend.heads, (int)item->batch, 1}, &reduce, sizeof reduce}},
        .steps = 2,
        .output = {{.buffer = reduce.o, .host = run->o, .bytes = o_bytes},
                   {.buffer = attend.partial_o},
                   {.buffer = attend.partial_sums},
                   {.buffer = reduce.lse, .host = run->lse, .bytes = rows * 4}},
        .outputs = run->has_no_lse ? 3 : 4,
        .is_inexact = run->is_inexact,
        .unmasked = count,
        .user = run};
    tb_kernel_run_all(&kernel_run);
    memcpy(run->counters, kernel_run.counters, sizeof run->counters);
    tb_emu_memory_destroy(memory);
}

/* Every part counts its own keys for each row, once. */
static void check_counts(const decode_run *run)
{
    const tb_decode_division *division = run->division;
    int64_t group = run->item->heads / run->item->heads_kv;
    for (int64_t p = 0; p < division->parts; p++) {
        int64_t set = division->part[p].item % division->row_sets;
        int64_t rows = tb_min(division->rows, group - set * division->rows);
        for (int64_t r = 0; r < TB_DECODE_ROWS; r++) {
            int64_t want = r < rows ? division->part[p].end - division->part[p].begin : 0;
            assert_int_equal(run->counted[p * TB_DECODE_ROWS + r], want);
        }
    }
}

/* mma of 16 rows by 16 keys for each run of positions that a part has, as the variant's dims are.
 */
static int64_t mma_of(const decode_run *run)
{
    const tb_decode_division *division = run->division;
    int64_t runs = 0;
    for (int64_t p = 0; p < division->parts; p++) {
        runs += tb_ceil_div(division->part[p].end - division->part[p].begin, TB_DECODE_KEYS);
    }
    return runs * (run->attend->variant->dim + run->attend->variant->dim_value) / 8;
}

static const tb_kernel *opened(tb_kernel *kernel, const char *name)
{
    if (kernel->entry == NULL) {
        *kernel = tb_kernel_open(name);
    }
    return kernel;
}

/* Of the variants, the smallest that holds the dims. */
static const tb_kernel *kernel_for(decode_kernels *kernels, const tb_decode_case *item)
{
    int64_t dim = tb_max(item->dim, item->dim_value);
    int type = item->dtype == TB_DTYPE_FP16, i = dim > 128 ? 2 : dim > 64;
    return opened(&kernels->attend[type][i], names[type][i]);
}

/* Run an item as divided, and check all that holds of any; run->worst is the largest error. */
static void check(decode_kernels *kernels, const tb_decode_case *item,
                  const tb_decode_division *division, decode_run *run)
{
    int64_t rows = item->batch * item->heads;
    run->attend = kernel_for(kernels, item);
    run->reduce = opened(&kernels->reduce, "fmha_decode_reduce");
    run->item = item;
    run->division = division;
    run->counted = calloc((size_t)(division->parts * TB_DECODE_ROWS + 1), sizeof(int64_t));
    run->o = calloc((size_t)(rows * item->dim_value), 2);
    run->lse = calloc((size_t)rows, sizeof(float));
    assert_non_null(run->counted);
    assert_non_null(run->o);
    assert_non_null(run->lse);
    run_kernels(run);
    check_counts(run);
    assert_int_equal(run->counters[0].mma, mma_of(run));
    assert_int_equal(run->counters[0].barriers, 0);
    assert_int_equal(run->counters[0].shared_conflicts, 0);
    assert_int_equal(run->counters[1].shared_conflicts, 0);
    run->worst = tb_decode_case_worst(item, run->o, run->has_no_lse ? NULL : run->lse);
    if (!(run->worst <= 1)) {
        fail_msg("error %g of its bound", run->worst);
    }
    free(run->counted);
    free(run->o);
    free(run->lse);
}

/* As one of the two ways divides it, `count` being splits or CTAs. */
static void check_divided(decode_kernels *kernels, const tb_decode_case *item, bool is_stream,
                          int64_t count, decode_run *run)
{
    tb_decode_work work = tb_decode_case_work(item);
    tb_decode_division division;
    tb_error err;
    tb_assert_ok(is_stream ? tb_decode_stream(&work, count, &division, &err)
                           : tb_decode_split(&work, count, &division, &err),
                 &err);
    check(kernels, item, &division, run);
    tb_decode_division_release(&division);
}

static tb_decode_case random_case(gsl_rng *random, int i)
{
    static const int64_t largest[] = {64, 128, 256};
    int64_t most = largest[i % 3];
    bool is_by_batch = tb_test_between(random, 0, 1) == 1;
    bool is_by_head = tb_test_between(random, 0, 2) == 0;
    tb_decode_case item = {.dtype = i / 3 % 2 == 0 ? TB_DTYPE_BF16 : TB_DTYPE_FP16,
                           .batch = tb_test_between(random, 1, 3),
                           .heads_kv = tb_test_between(random, 1, 3),
                           .dim = 8 * tb_test_between(random, 1, most / 8),
                           .dim_value = 8 * tb_test_between(random, 1, most / 8),
                           .tokens = tb_test_between(random, 1, i % 10 == 9 ? 900 : 230),
                           .is_list = tb_test_between(random, 0, 2) == 0,
                           .logit_size = pow(10, (double)tb_test_between(random, -2, 2))};
    int64_t group = tb_test_between(random, 1, i % 4 == 3 ? 32 : 9);
    item.heads = group * item.heads_kv;
    item.sequence_head = is_by_head;
    item.sequence_batch = is_by_batch ? (is_by_head ? item.heads_kv : 1) : 0;
    return item;
}

static void decode__random_problems_are_right(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    decode_kernels kernels = {0};
    double worst = 0;
    int64_t mma = 0;
    int cases = tb_test_cases(CASES);
    for (int i = 0; i < cases; i++) {
        tb_decode_case item = random_case(random, i);
        tb_decode_case_make(random, &item);
        for (int is_stream = 0; is_stream < 2; is_stream++) {
            decode_run run = {.is_inexact = i / 2 % 2 == 1, .has_no_lse = i % 5 == 4};
            check_divided(&kernels, &item, is_stream,
                          tb_test_between(random, 1, is_stream ? 23 : 5), &run);
            worst = fmax(worst, run.worst);
            mma += run.counters[0].mma;
        }
        tb_decode_case_free(&item);
    }
    printf("%d problems, each split evenly and as stream-K; %lld mma under each of 3 schedules; "
           "largest error %.2f of its bound\n",
           cases, (long long)mma, worst);
    close_kernels(&kernels);
    gsl_rng_free(random);
}

static tb_decode_case dense_case(int64_t batch, int64_t heads, int64_t heads_kv, int64_t dim)
{
    return (tb_decode_case){.dtype = TB_DTYPE_BF16,
                            .batch = batch,
                            .heads = heads,
                            .heads_kv = heads_kv,
                            .dim = dim,
                            .dim_value = dim,
                            .tokens = 500,
                            .keys = TB_KEYS_ALL,
                            .logit_size = 1};
}

/* Sectors that k and v, partial outputs and the output are, each once: rows are whole sectors. */
static int64_t sectors_of_rows(int64_t rows, int64_t dim, int64_t bytes)
{
    return rows * dim * bytes / 32;
}

/* No sector is asked for of which not every byte is used, of intervals and of a list alike. */
static void decode__global_accesses_are_coalesced(void **state)
{
    (void)state;
    static const int64_t dims[] = {64, 128, 256};
    gsl_rng *random = tb_test_random();
    decode_kernels kernels = {0};
    for (int i = 0; i < 6; i++) {
        tb_decode_case item = dense_case(2, 16, 2, dims[i % 3]);
        item.is_list = i >= 3;
        tb_decode_case_make(random, &item);
        decode_run run = {0};
        check_divided(&kernels, &item, true, 7, &run);
        const tb_emu_counters *attend = &run.counters[0], *reduce = &run.counters[1];
        assert_int_equal(attend->load_sectors, attend->load_sectors_ideal);
        assert_int_equal(attend->store_sectors, attend->store_sectors_ideal);
        assert_int_equal(reduce->store_sectors, reduce->store_sectors_ideal);
        /* 9 parts of 4 warps of 8 rows: 7 CTAs take 5, 5, 5, 5, 4, 4, 4 of 4 x 8 KV tiles, so that
         * 2 cross from an item into the next. q is read by every warp; the rest is tables. */
        int64_t kv = sectors_of_rows(2 * item.batch * item.tokens * item.heads_kv, item.dim, 2);
        int64_t q = sectors_of_rows(9 * TB_DECODE_WARPS * 8, item.dim, 2);
        assert_in_range(attend->load_sectors, kv + q, kv + q + kv / 10);
        assert_in_range(reduce->load_sectors, 2 * q, 5 * q);
        tb_decode_case_free(&item);
    }
    close_kernels(&kernels);
    gsl_rng_free(random);
}

static void decode__without_keys_is_zero(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    decode_kernels kernels = {0};
    for (int i = 0; i < 4; i++) {
        tb_decode_case item = dense_case(2, 6, 2, 72);
        item.keys = TB_KEYS_NONE;
        item.is_list = i / 2 == 1;
        tb_decode_case_make(random, &item);
        decode_run run = {0};
        check_divided(&kernels, &item, i % 2 == 1, 3, &run);
        assert_int_equal(run.counters[0].mma, 0);
        assert_true(run.worst == 0);
        tb_decode_case_free(&item);
    }
    close_kernels(&kernels);
    gsl_rng_free(random);
}

/* A score that is not a number stays in its own batch entry and KV head, though a CTA goes on from
 * it to the next: the unseen tokens of every item are NaN, and here a whole item is. */
static void decode__nan_stays_in_its_item(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    decode_kernels kernels = {0};
    tb_decode_case item = dense_case(2, 3, 1, 64);
    item.tokens = 200;
    tb_decode_case_make(random, &item);
    for (int64_t d = 0; d < item.tokens * item.dim; d++) {
        tb_number_store(item.dtype, item.v, d, nanf(""));
    }
    tb_decode_work work = tb_decode_case_work(&item);
    tb_decode_division division;
    tb_error err;
    tb_assert_ok(tb_decode_stream(&work, 1, &division, &err), &err);
    uint16_t o[2 * 3 * 64];
    float lse[2 * 3];
    decode_run run = {.attend = kernel_for(&kernels, &item),
                      .reduce = opened(&kernels.reduce, "fmha_decode_reduce"),
                      .item = &item,
                      .division = &division,
                      .o = o,
                      .lse = lse};
    run.counted = calloc((size_t)(division.parts * TB_DECODE_ROWS), sizeof(int64_t));
    assert_non_null(run.counted);
    run_kernels(&run);
    for (int i = 0; i < 2 * 3 * 64; i++) {
        assert_int_equal(isnan(tb_number_load(item.dtype, o, i)) != 0, i < 3 * 64);
    }
    free(run.counted);
    tb_decode_division_release(&division);
    tb_decode_case_free(&item);
    close_kernels(&kernels);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(decode__random_problems_are_right),
         cmocka_unit_test(decode__global_accesses_are_coalesced),
         cmocka_unit_test(decode__without_keys_is_zero),
         cmocka_unit_test(decode__nan_stays_in_its_item));
