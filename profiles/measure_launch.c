#include "measure_launch.h"

#include "random_tensor.h"
#include "reference.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

struct tb_prepared {
    const tb_backend *backend;
    bool has_run; /* so that a GPU has the inputs */
    tb_launch launch;
    tb_tile_list *tiles;
    tb_plan *plan;
    tb_tensors tensors;
    void *owned[4]; /* q, k, v, o */
    int64_t bytes;
};

static tb_status make_tensor(tb_prepared *to, size_t which, int64_t elements, uint64_t *random,
                             tb_error *err)
{
    tb_dtype dtype = to->launch.problem.dtype;
    size_t bytes = (size_t)elements * (size_t)tb_dtype_bytes(dtype);
    size_t rounded = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    void *tensor = aligned_alloc(ALIGNMENT, rounded);
    if (tensor == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a tensor of %zu bytes", bytes);
    }
    to->owned[which] = tensor;
    to->bytes += (int64_t)rounded;
    if (random == NULL) {
        memset(tensor, 0, rounded);
        return TB_OK;
    }
    return tb_random_fill(dtype, tensor, elements, random, err);
}

static tb_status make_tensors(tb_prepared *to, uint64_t seed, tb_error *err)
{
    const tb_problem *problem = &to->launch.problem;
    int64_t q = problem->batch * tb_launch_q_tokens(&to->launch) * problem->heads;
    int64_t kv = problem->batch * tb_launch_kv_tokens(&to->launch) * problem->heads_kv;
    uint64_t random = seed;
    tb_status status = make_tensor(to, 0, q * problem->dim, &random, err);
    if (status == TB_OK) {
        status = make_tensor(to, 1, kv * problem->dim, &random, err);
    }
    if (status == TB_OK) {
        status = make_tensor(to, 2, kv * problem->dim_value, &random, err);
    }
    if (status == TB_OK) {
        status = make_tensor(to, 3, q * problem->dim_value, NULL, err);
    }
    to->tensors.lse = calloc((size_t)q, sizeof(float));
    if (status == TB_OK && to->tensors.lse == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for log-sum-exps");
    }
    to->tensors.q = to->owned[0];
    to->tensors.k = to->owned[1];
    to->tensors.v = to->owned[2];
    to->tensors.o = to->owned[3];
    return status;
}

tb_status tb_prepared_create(const tb_backend *backend, const tb_launch *launch, uint64_t seed,
                             tb_prepared **out, tb_error *err)
{
    tb_prepared *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a launch");
    }
    prepared->backend = backend;
    prepared->launch = *launch;
    tb_status status = TB_OK;
    if (launch->implementation == TB_IMPLEMENTATION_FUSED) {
        status = tb_tile_list_create(&launch->problem, &launch->pattern, &launch->tiling,
                                     &prepared->tiles, err);
        prepared->launch.tiles = prepared->tiles;
        prepared->bytes = status == TB_OK ? tb_tile_list_bytes(prepared->tiles) : 0;
    }
    if (status == TB_OK) {
        status = tb_plan_create(backend, &prepared->launch, &prepared->plan, err);
    }
    if (status == TB_OK) { /* which checked that the sizes can be counted */
        status = make_tensors(prepared, seed, err);
    }
    if (status != TB_OK) {
        tb_prepared_destroy(prepared);
        return status;
    }
    *out = prepared;
    return TB_OK;
}

void tb_prepared_destroy(tb_prepared *prepared)
{
    if (prepared == NULL) {
        return;
    }
    tb_plan_destroy(prepared->plan);
    tb_tile_list_destroy(prepared->tiles);
    for (size_t i = 0; i < sizeof prepared->owned / sizeof *prepared->owned; i++) {
        free(prepared->owned[i]);
    }
    free(prepared->tensors.lse);
    free(prepared);
}

int64_t tb_prepared_bytes(const tb_prepared *prepared)
{
    return prepared->bytes;
}

tb_status tb_prepared_run(tb_prepared *prepared, tb_run_times *times, tb_error *err)
{
    tb_status status = tb_plan_run(prepared->plan, &prepared->tensors, times, err);
    prepared->has_run = prepared->has_run || status == TB_OK;
    return status;
}

bool tb_prepared_has_run(const tb_prepared *prepared)
{
    return prepared->has_run;
}

tb_status tb_prepared_time(tb_prepared *prepared, tb_run_times *times, tb_error *err)
{
    return prepared->backend->is_gpu ? tb_plan_repeat(prepared->plan, times, err)
                                     : tb_prepared_run(prepared, times, err);
}

tb_status tb_prepared_flush(tb_prepared *prepared, tb_error *err)
{
    return prepared->backend->flush(tb_plan_state_of(prepared->plan), err);
}

tb_status tb_prepared_hardware(tb_prepared *prepared, tb_hardware_counters *out, tb_error *err)
{
    assert(prepared->has_run);
    return prepared->backend->hardware(tb_plan_state_of(prepared->plan), out, err);
}

int tb_prepared_kernels(const tb_prepared *prepared, tb_run_kernel *out)
{
    return prepared->backend->kernels(tb_plan_state_of(prepared->plan), out);
}

/* Row i of `count`: the first and the last of all, and others anywhere. */
static tb_reference_row draw_row(const tb_launch *launch, int64_t i, uint64_t *random)
{
    int64_t batch = launch->problem.batch, heads = launch->problem.heads;
    int64_t queries = tb_launch_q_tokens(launch);
    if (i == 0) {
        return (tb_reference_row){0};
    }
    if (i == 1) {
        return (tb_reference_row){.batch = batch - 1, .head = heads - 1, .query = queries - 1};
    }
    return (tb_reference_row){.batch = (int64_t)(tb_random_word(random) % (uint64_t)batch),
                              .head = (int64_t)(tb_random_word(random) % (uint64_t)heads),
                              .query = (int64_t)(tb_random_word(random) % (uint64_t)queries)};
}

/* The error of a row in units of its bound, which is another for each kind of device. */
static double compare_row(const tb_prepared *prepared, const tb_reference_row *row,
                          const tb_reference *reference)
{
    const tb_launch *launch = &prepared->launch;
    return prepared->backend->is_gpu
               ? tb_reference_gpu_compare(launch, &prepared->tensors, row, reference,
                                          tb_reference_gpu_arithmetic(launch))
               : tb_reference_compare(launch, &prepared->tensors, row, reference);
}

/* Compare `count` rows, one after the other. */
static tb_status compare_rows(const tb_prepared *prepared, int64_t count, uint64_t seed,
                              double *memory, tb_run_check *out, tb_error *err)
{
    const tb_launch *launch = &prepared->launch;
    uint64_t random = seed;
    tb_status status = TB_OK;
    *out = (tb_run_check){.rows = count};
    for (int64_t i = 0; status == TB_OK && i < count; i++) {
        tb_reference_row row = draw_row(launch, i, &random);
        tb_reference reference = {.o = memory, .abs_pv = memory + launch->problem.dim_value};
        status = tb_reference_rows(launch, &prepared->tensors, &row, 1, &reference, err);
        if (status != TB_OK) {
            break;
        }
        double error = compare_row(prepared, &row, &reference);
        out->worst = fmax(out->worst, error);
        if (!(error <= 1)) {
            return tb_fail(err, TB_EINTERNAL,
                           "the output is wrong: query %lld of head %lld, batch entry %lld is %g "
                           "times its error bound off; this is a bug of the kernel",
                           (long long)row.query, (long long)row.head, (long long)row.batch, error);
        }
    }
    return status;
}

tb_status tb_prepared_check(tb_prepared *prepared, int64_t rows, uint64_t seed, tb_run_check *out,
                            tb_error *err)
{
    double *memory = calloc(2 * (size_t)prepared->launch.problem.dim_value, sizeof *memory);
    if (memory == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a reference");
    }
    tb_status status = tb_prepared_run(prepared, NULL, err);
    if (status == TB_OK) {
        status = compare_rows(prepared, rows, seed, memory, out, err);
    }
    free(memory);
    return status;
}

tb_status tb_cache_flush_run(tb_cache_flush *flush, size_t bytes, tb_error *err)
{
    if (flush->memory == NULL) {
        flush->memory = calloc(bytes, 1);
        flush->bytes = bytes;
    }
    if (flush->memory == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory of %zu bytes to flush caches with", bytes);
    }
    memset(flush->memory, flush->memory[0] + 1, flush->bytes);
    return TB_OK;
}

void tb_cache_flush_free(tb_cache_flush *flush)
{
    free(flush->memory);
    *flush = (tb_cache_flush){0};
}
