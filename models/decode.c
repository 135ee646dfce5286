#include "decode.h"

#include "checked.h"

#include <math.h>

#define BITS_IN_BYTE   8.0
#define PARTIAL_BYTES  4.0 /* fp32: of a merged element, sum and maximum */
#define READ_AND_WRITE 2.0
#define DEFAULT_CTAS   2  /* num_splits_heuristic() is called with twice the SMs */
#define DEFAULT_ROWS   16 /* of mma.sync.m16n8k16 */
#define DEFAULT_SCALE  32.0
#define DEFAULT_ENTRY  4.0

tb_decode_problem tb_decode_default(const tb_problem *problem)
{
    double bits = BITS_IN_BYTE * (double)tb_dtype_bytes(problem->dtype);
    return (tb_decode_problem){.batch = problem->batch,
                               .heads = problem->heads,
                               .heads_kv = problem->heads_kv,
                               .dim = problem->dim,
                               .dim_value = problem->dim_value,
                               .queries = 1,
                               .dtype = problem->dtype,
                               .k_bits = bits,
                               .v_bits = bits,
                               .scale_bits = DEFAULT_SCALE,
                               .page_entry = DEFAULT_ENTRY,
                               .division = TB_KV_SPLIT_KV,
                               .splits = 1,
                               .kv_tile = tb_flash_decoding_kv_tile(problem->dim),
                               .ctas_per_sm = DEFAULT_CTAS,
                               .min_rows = DEFAULT_ROWS};
}

static tb_status check_decode(const tb_decode_problem *p, tb_error *err)
{
    const struct {
        const char *what;
        int64_t value;
    } sizes[] = {{"batch", p->batch},         {"heads", p->heads},
                 {"heads_kv", p->heads_kv},   {"dim", p->dim},
                 {"dim_value", p->dim_value}, {"queries", p->queries},
                 {"cache", p->cache},         {"kept", p->kept},
                 {"kv_tile", p->kv_tile},     {"ctas_per_sm", p->ctas_per_sm},
                 {"min_rows", p->min_rows}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1) {
            return tb_fail(err, TB_EINVAL, "decode with %s %lld; it must be at least 1",
                           sizes[i].what, (long long)sizes[i].value);
        }
    }
    if (p->heads % p->heads_kv != 0) {
        return tb_fail(err, TB_EINVAL, "%lld KV heads do not divide %lld heads",
                       (long long)p->heads_kv, (long long)p->heads);
    }
    if (p->kept > p->cache || p->group < 0 || p->page < 0) {
        return tb_fail(
            err, TB_EINVAL,
            "decode keeps %lld of %lld tokens, groups of %lld, pages of %lld; kept is at "
            "most the cache, the others at least 0",
            (long long)p->kept, (long long)p->cache, (long long)p->group, (long long)p->page);
    }
    const double reals[] = {p->k_bits, p->v_bits, p->scale_bits, p->dequant, p->page_entry};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        if (!isfinite(reals[i]) || reals[i] < 0) {
            return tb_fail(err, TB_EINVAL, "decode with %g bits, operations or bytes; at least 0",
                           reals[i]);
        }
    }
    return TB_OK;
}

/* Bytes of one token of one KV head in the cache. */
static double token_bytes(const tb_decode_problem *p)
{
    double dim = (double)p->dim, dim_value = (double)p->dim_value;
    double scales = p->group > 0 ? (dim + dim_value) / (double)p->group * p->scale_bits : 0;
    return (dim * p->k_bits + dim_value * p->v_bits + scales) / BITS_IN_BYTE;
}

static double whole_pages(const tb_decode_problem *p, int64_t tokens)
{
    return p->page > 0 ? (double)tb_ceil_div(tokens, p->page) * (double)p->page : (double)tokens;
}

/* Query rows of a KV head, as the matrix instruction has them. */
static int64_t padded_rows(const tb_decode_problem *p, double *rows)
{
    *rows = (double)p->queries * (double)(p->heads / p->heads_kv);
    double sets = ceil(*rows / (double)p->min_rows);
    return sets < 1e9 ? (int64_t)sets : INT64_MAX;
}

static tb_status count_items(const tb_decode_problem *p, int64_t row_sets, tb_decode_time *out,
                             tb_error *err)
{
    if (!tb_mul_ok(p->batch, p->heads_kv, &out->items) ||
        !tb_mul_ok(out->items, row_sets, &out->items)) {
        return tb_fail(err, TB_EOVERFLOW, "decode of %lld sequences and %lld KV heads is too much",
                       (long long)p->batch, (long long)p->heads_kv);
    }
    out->tiles = tb_ceil_div(p->kept, p->kv_tile);
    return TB_OK;
}

/* All but what the division adds. */
static void count_work(const tb_decode_problem *p, int64_t row_sets, double rows,
                       tb_decode_time *out)
{
    double heads = (double)p->batch * (double)p->heads_kv, kept = (double)p->kept;
    double dims = (double)p->dim + (double)p->dim_value, read = whole_pages(p, p->kept);
    double padded = (double)row_sets * (double)p->min_rows;
    double pages = p->page > 0 ? read / (double)p->page : 0;
    out->kv_bytes = heads * read * token_bytes(p);
    out->partial_bytes = heads * (read - kept) * token_bytes(p);
    out->page_table_bytes = heads * pages * p->page_entry;
    out->cache_bytes =
        heads * whole_pages(p, p->cache) * token_bytes(p) +
        (p->page > 0 ? (double)p->batch * ceil((double)p->cache / (double)p->page) * p->page_entry
                     : 0);
    out->work = (tb_work){
        .matrix_flop = 2 * heads * padded * kept * dims,
        .rate = tb_dtype_bytes(p->dtype) == 1 ? TB_RATE_FP8
                : p->dtype == TB_DTYPE_FP32   ? TB_RATE_FP32
                                              : TB_RATE_FP16,
        .fma_flop = heads * (double)row_sets * read * dims * p->dequant,
        .special = heads * padded * kept,
        .hbm_bytes = out->kv_bytes + out->page_table_bytes +
                     heads * rows * dims * (double)tb_dtype_bytes(p->dtype),
        .launches = 1,
    };
}

static tb_status divide(const tb_decode_problem *p, const tb_device *device, tb_decode_time *out,
                        tb_error *err)
{
    double sms = 0;
    tb_status status = tb_device_need(device, TB_DEVICE_SM_COUNT, &sms, err);
    if (status != TB_OK) {
        return status;
    }
    tb_kv_division_problem problem = {.kind = p->division,
                                      .items = out->items,
                                      .tiles = out->tiles,
                                      .sms = (int64_t)sms,
                                      .occupancy = p->ctas_per_sm,
                                      .splits = p->splits};
    return tb_kv_divide(&problem, &out->division, err);
}

/* Parts of items that are merged; without a device those of a fixed split. */
static double merged_parts(const tb_decode_problem *p, const tb_device *device,
                           const tb_decode_time *out)
{
    if (device != NULL) {
        return (double)out->division.merged;
    }
    int64_t splits = p->division == TB_KV_FIXED ? tb_min(p->splits, out->tiles) : 1;
    return splits > 1 ? (double)out->items * (double)splits : 0;
}

static tb_status time_work(const tb_decode_problem *p, const tb_device *device, double merge_bytes,
                           tb_decode_time *out, tb_error *err)
{
    double least = 0, even = 0, merge_least = 0, merge = 0;
    tb_limiter limiter;
    tb_basis basis;
    tb_work reading = out->work;
    reading.launches = 0;
    tb_status status = tb_work_time(&reading, device, &least, &even, &limiter, &basis, err);
    tb_work merging = {.hbm_bytes = merge_bytes,
                       .launches = merge_bytes > 0 && p->division != TB_KV_STREAM_K ? 2 : 1};
    if (status == TB_OK) {
        status = tb_work_time(&merging, device, &merge_least, &merge, &limiter, &basis, err);
    }
    if (status == TB_OK) {
        tb_work all = out->work;
        all.hbm_bytes += merge_bytes;
        all.launches = merging.launches;
        out->least_us = least;
        out->time_us = even * out->division.quantisation + merge;
        double unused = 0;
        status = tb_work_time(&all, device, &unused, &unused, &out->limiter, &out->basis, err);
    }
    return status;
}

tb_status tb_decode_predict(const tb_decode_problem *problem, const tb_device *device,
                            tb_decode_time *out, tb_error *err)
{
    tb_decode_time made = {.limiter = TB_LIMITER_HBM, .basis = TB_BASIS_UNCALIBRATED};
    double rows = 0;
    tb_status status = check_decode(problem, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t row_sets = padded_rows(problem, &rows);
    status = count_items(problem, row_sets, &made, err);
    if (status == TB_OK) {
        count_work(problem, row_sets, rows, &made);
        status = device != NULL ? divide(problem, device, &made, err) : TB_OK;
    }
    if (status == TB_OK) {
        double set_rows = rows / (double)row_sets; /* of a part */
        made.merge_bytes = READ_AND_WRITE * merged_parts(problem, device, &made) * set_rows *
                           ((double)problem->dim_value + 2) * PARTIAL_BYTES;
        status = device != NULL ? time_work(problem, device, made.merge_bytes, &made, err) : TB_OK;
    }
    if (status == TB_OK) {
        made.work.hbm_bytes += made.merge_bytes;
        made.work.launches = made.merge_bytes > 0 && problem->division != TB_KV_STREAM_K ? 2 : 1;
        made.work.live_bytes = made.merge_bytes / READ_AND_WRITE;
        *out = made;
    }
    return status;
}
