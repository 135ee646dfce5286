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
    tb_input_store *store;
    const tb_inputs *inputs; /* of the store */
    tb_tensors tensors;
    void *output;
    int64_t bytes;
};

static tb_status make_output(tb_prepared *to, int64_t elements, tb_error *err)
{
    size_t bytes = (size_t)elements * (size_t)tb_dtype_bytes(to->launch.problem.dtype);
    size_t rounded = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    to->output = aligned_alloc(ALIGNMENT, rounded);
    if (to->output == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a tensor of %zu bytes", bytes);
    }
    memset(to->output, 0, rounded);
    to->bytes += (int64_t)rounded;
    return TB_OK;
}

static tb_status make_tensors(tb_prepared *to, uint64_t seed, tb_error *err)
{
    const tb_problem *problem = &to->launch.problem;
    int64_t q = problem->batch * tb_launch_q_tokens(&to->launch) * problem->heads;
    int64_t kv = problem->batch * tb_launch_kv_tokens(&to->launch) * problem->heads_kv;
    tb_input_shape shape = {
        .dtype = problem->dtype,
        .elements = {q * problem->dim, kv * problem->dim, kv * problem->dim_value},
        .seed = seed};
    tb_status status = tb_inputs_take(to->store, &shape, &to->inputs, err);
    if (status == TB_OK) {
        to->bytes += to->inputs->bytes;
        status = make_output(to, q * problem->dim_value, err);
    }
    if (status != TB_OK) {
        return status;
    }
    to->tensors = (tb_tensors){.q = to->inputs->tensor[0],
                               .k = to->inputs->tensor[1],
                               .v = to->inputs->tensor[2],
                               .o = to->output,
                               .lse = calloc((size_t)q, sizeof(float))};
    return to->tensors.lse != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for log-sum-exps");
}

tb_status tb_prepared_create(const tb_backend *backend, const tb_launch *launch,
                             tb_input_store *inputs, uint64_t seed, tb_prepared **out,
                             tb_error *err)
{
    tb_prepared *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a launch");
    }
    prepared->backend = backend;
    prepared->launch = *launch;
    prepared->store = inputs;
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
    if (prepared->inputs != NULL) {
        tb_inputs_give_back(prepared->store, prepared->inputs);
    }
    free(prepared->output);
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

/* Rows to compare, and what they should be. */
typedef struct check_rows {
    tb_reference_row *row;
    tb_reference *reference;
    double *memory; /* of the references */
} check_rows;

static bool begin_check(const tb_launch *launch, int64_t count, uint64_t seed, check_rows *out)
{
    size_t rows = (size_t)count, dims = (size_t)launch->problem.dim_value;
    uint64_t random = seed;
    *out = (check_rows){.row = calloc(rows, sizeof *out->row),
                        .reference = calloc(rows, sizeof *out->reference),
                        .memory = calloc(rows, 2 * dims * sizeof *out->memory)};
    if (out->row == NULL || out->reference == NULL || out->memory == NULL) {
        return false;
    }
    for (size_t i = 0; i < rows; i++) {
        out->row[i] = draw_row(launch, (int64_t)i, &random);
        out->reference[i].o = out->memory + 2 * dims * i;
        out->reference[i].abs_pv = out->reference[i].o + dims;
    }
    return true;
}

static void end_check(check_rows *check)
{
    free(check->row);
    free(check->reference);
    free(check->memory);
}

static tb_status compare_rows(const tb_prepared *prepared, int64_t count, const check_rows *check,
                              tb_run_check *out, tb_error *err)
{
    *out = (tb_run_check){.rows = count};
    for (int64_t i = 0; i < count; i++) {
        const tb_reference_row *row = &check->row[i];
        double error = compare_row(prepared, row, &check->reference[i]);
        out->worst = fmax(out->worst, error);
        if (!(error <= 1)) {
            return tb_fail(err, TB_EINTERNAL,
                           "the output is wrong: query %lld of head %lld, batch entry %lld is %g "
                           "times its error bound off; this is a bug of the kernel",
                           (long long)row->query, (long long)row->head, (long long)row->batch,
                           error);
        }
    }
    return TB_OK;
}

tb_status tb_prepared_check(tb_prepared *prepared, int64_t rows, uint64_t seed, tb_run_check *out,
                            tb_error *err)
{
    const tb_launch *launch = &prepared->launch;
    check_rows check;
    tb_status status = begin_check(launch, rows, seed, &check)
                           ? tb_prepared_run(prepared, NULL, err)
                           : tb_fail(err, TB_ENOMEM, "no memory for a reference");
    if (status == TB_OK) {
        status =
            tb_reference_rows(launch, &prepared->tensors, check.row, rows, check.reference, err);
    }
    if (status == TB_OK) {
        status = compare_rows(prepared, rows, &check, out, err);
    }
    end_check(&check);
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
