/* Passes over memory, with what is computed on the way: pooling, top-k, quantisation, gates.
 *
 *   time = max(bytes / bandwidth, special functions, FMA) + launches */
#include "stage_parts.h"

static const char *const keys[] = {"read", "write", "special", "fma", "launches", "live", NULL};

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    double read = 0, write = 0;
    tb_work *work = &out->work;
    const struct {
        const char *key;
        double *out, otherwise;
    } values[] = {{"read", &read, 0},
                  {"write", &write, 0},
                  {"special", &work->special, 0},
                  {"fma", &work->fma_flop, 0},
                  {"launches", &work->launches, 1},
                  {"live", &work->live_bytes, -1}};
    tb_status status = TB_OK;
    bool any = false;
    for (size_t i = 0; status == TB_OK && i < sizeof values / sizeof *values; i++) {
        any = any || (i < 4 && tb_yaml_get(stage->node, values[i].key) != NULL);
        status = tb_stage_number(stage, context, values[i].key, values[i].otherwise, 0,
                                 values[i].out, err);
    }
    if (status == TB_OK && !any) {
        return tb_yaml_fail(stage->node, err,
                            "a stream reads, writes or computes; give read, write, special or fma");
    }
    if (status != TB_OK) {
        return status;
    }
    work->hbm_bytes = read + write;
    work->live_bytes = work->live_bytes < 0 ? write : work->live_bytes;
    return tb_stage_time_work(context, out, err);
}

const tb_stage_kind tb_stage_stream = {
    .name = "stream",
    .summary = "a pass over memory: bytes, special functions, other arithmetic",
    .keys = keys,
    .evaluate = evaluate,
};
