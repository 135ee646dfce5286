/* Few queries against a cache of keys and values: bytes, and how evenly tiles fill the SMs. */
#include "stage_parts.h"

#include "decode.h"

#include <math.h>

static const char *const keys[] = {
    "cache",      "kept",     "queries", "batch",   "heads",       "heads_kv", "dim",
    "dim_value",  "k_bits",   "v_bits",  "group",   "scale_bits",  "dequant",  "page",
    "page_entry", "division", "splits",  "kv_tile", "ctas_per_sm", "min_rows", NULL};

/* Tokens that are kept: part of them is one more; more than there are is all. */
static tb_status read_tokens(const tb_stage *stage, const tb_stage_context *context,
                             tb_decode_problem *out, tb_error *err)
{
    int64_t tokens = tb_layout_tokens(&context->problem->layout);
    double kept = 0;
    tb_status status = tb_stage_integer(stage, context, "cache", tokens, 1, &out->cache, err);
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "kept", (double)out->cache, 0, &kept, err);
    }
    kept = fmin(fmax(ceil(kept - 1e-9 * kept), 1), (double)out->cache);
    out->kept = (int64_t)kept;
    return status;
}

static tb_status read_integers(const tb_stage *stage, const tb_stage_context *context,
                               tb_decode_problem *out, tb_error *err)
{
    const struct {
        const char *key;
        int64_t least, *value;
    } integers[] = {{"queries", 1, &out->queries},  {"group", 0, &out->group},
                    {"page", 0, &out->page},        {"splits", 1, &out->splits},
                    {"kv_tile", 1, &out->kv_tile},  {"ctas_per_sm", 1, &out->ctas_per_sm},
                    {"min_rows", 1, &out->min_rows}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof integers / sizeof *integers; i++) {
        status = tb_stage_integer(stage, context, integers[i].key, *integers[i].value,
                                  integers[i].least, integers[i].value, err);
    }
    return status;
}

static tb_status read_bits(const tb_stage *stage, const tb_stage_context *context,
                           tb_decode_problem *out, tb_error *err)
{
    double whole = out->k_bits;
    const struct {
        const char *key;
        double *value;
    } reals[] = {{"k_bits", &out->k_bits},
                 {"v_bits", &out->v_bits},
                 {"scale_bits", &out->scale_bits},
                 {"page_entry", &out->page_entry}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof reals / sizeof *reals; i++) {
        status =
            tb_stage_number(stage, context, reals[i].key, *reals[i].value, 0, reals[i].value, err);
    }
    double dequant = out->k_bits < whole || out->v_bits < whole ? TB_DECODE_DEQUANT_FLOP : 0;
    return status == TB_OK
               ? tb_stage_number(stage, context, "dequant", dequant, 0, &out->dequant, err)
               : status;
}

static tb_status read_decode(const tb_stage *stage, const tb_stage_context *context,
                             tb_decode_problem *out, tb_error *err)
{
    tb_problem shape;
    size_t division = TB_KV_SPLIT_KV;
    tb_status status = tb_stage_shape(stage, context, &shape, err);
    if (status != TB_OK) {
        return status;
    }
    *out = tb_decode_default(&shape);
    status = read_tokens(stage, context, out, err);
    if (status == TB_OK) {
        status = read_integers(stage, context, out, err);
    }
    if (status == TB_OK) {
        status = read_bits(stage, context, out, err);
    }
    if (status == TB_OK) {
        status = tb_stage_word(stage, "division", tb_kv_division_names, TB_KV_DIVISION_COUNT,
                               &division, err);
    }
    out->division = (tb_kv_division_kind)division;
    return status;
}

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    tb_decode_problem problem;
    tb_decode_time time;
    tb_status status = read_decode(stage, context, &problem, err);
    if (status == TB_OK) {
        status = tb_decode_predict(&problem, context->device, &time, err);
    }
    if (status == TB_OK) {
        out->work = time.work;
        out->least_us = time.least_us;
        out->time_us = time.time_us;
        out->limiter = time.limiter;
        out->basis = time.basis;
    }
    return status;
}

const tb_stage_kind tb_stage_decode = {
    .name = "decode",
    .summary = "few queries against a cache, divided over the SMs",
    .keys = keys,
    .evaluate = evaluate,
};
