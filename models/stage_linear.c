/* Chunkwise linear attention: a matrix state between chunks of C tokens, scores inside of them.
 *
 *   a direction, a head:
 *   intra   N (C + C_s) (dim_k + dim_v), C_s = sub_chunk: tiles of C_s x C_s scores up to the
 *           diagonal, N (C + C_s) / 2 of them; the whole square where C_s = C
 *   states  2 N dim_k dim_v (update) + 2 N dim_k dim_v (use), x state_factor
 *   not causal: one state for all tokens, no scores: 4 N dim_k dim_v
 *   bytes   q, k, v read and the output written; states in fp32: hbm: N / C of them written and
 *           read; recompute: k and v read and the update computed twice; chip: none
 *
 * Source: GLA (Yang et al., arXiv 2312.06635) sec. 4; Tiled Flash Linear Attention (arXiv
 * 2503.14376) sec. 3 for the second level of tiles.
 * Not modelled: gates and their cumulative sums (a stream of its own), backward, and the wait of
 * `chip`, whose chunks come one after another within a head. */
#include "stage_parts.h"

static const char *const keys[] = {
    "tokens",       "batch",          "heads",           "dim_k",         "dim_v",
    "chunk",        "sub_chunk",      "causal",          "bidirectional", "states",
    "state_factor", "state_elements", "feature_special", "rate",          NULL};

typedef enum states { STATES_HBM, STATES_RECOMPUTE, STATES_CHIP } states;

static const char *const state_names[] = {"hbm", "recompute", "chip"};
#define STATE_NAME_COUNT 3
#define FP32_BYTES       4.0

typedef struct sizes {
    double tokens, batch, heads, dim_k, dim_v, chunk, sub_chunk, causal, bidirectional;
    double state_factor, state_elements, feature_special;
    states states;
} sizes;

static tb_status read_sizes(const tb_stage *stage, const tb_stage_context *context, sizes *s,
                            tb_error *err)
{
    const tb_problem *problem = context->problem;
    const struct {
        const char *key;
        double *out, otherwise, least;
    } values[] = {{"tokens", &s->tokens, (double)tb_layout_tokens(&problem->layout), 1},
                  {"batch", &s->batch, (double)problem->batch, 1},
                  {"heads", &s->heads, (double)problem->heads, 1},
                  {"dim_k", &s->dim_k, (double)problem->dim, 1},
                  {"dim_v", &s->dim_v, (double)problem->dim_value, 1},
                  {"chunk", &s->chunk, 64, 1},
                  {"causal", &s->causal, 1, 0},
                  {"bidirectional", &s->bidirectional, 0, 0},
                  {"state_factor", &s->state_factor, 1, 0},
                  {"feature_special", &s->feature_special, 0, 0}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof values / sizeof *values; i++) {
        status = tb_stage_number(stage, context, values[i].key, values[i].otherwise,
                                 values[i].least, values[i].out, err);
    }
    size_t word = STATES_HBM;
    if (status == TB_OK) {
        s->chunk = s->chunk > s->tokens ? s->tokens : s->chunk;
        status = tb_stage_number(stage, context, "sub_chunk", s->chunk, 1, &s->sub_chunk, err);
    }
    if (status == TB_OK) {
        s->sub_chunk = s->sub_chunk > s->chunk ? s->chunk : s->sub_chunk;
        status = tb_stage_number(stage, context, "state_elements", s->dim_k * s->dim_v, 1,
                                 &s->state_elements, err);
    }
    if (status == TB_OK) {
        status = tb_stage_word(stage, "states", state_names, STATE_NAME_COUNT, &word, err);
    }
    s->states = (states)word;
    return status;
}

static double flop_of_head(const sizes *s)
{
    double both = s->dim_k + s->dim_v;
    double update = 2 * s->tokens * s->dim_k * s->dim_v * s->state_factor;
    if (s->causal == 0) {
        return 2 * update;
    }
    double intra = s->tokens * (s->chunk + s->sub_chunk) * both;
    return intra + 2 * update + (s->states == STATES_RECOMPUTE ? update : 0);
}

static double bytes_of_head(const sizes *s, double element)
{
    double kv = s->tokens * (s->dim_k + s->dim_v) * element;
    double q_and_o = s->tokens * (s->dim_k + s->dim_v) * element;
    double count = s->causal == 0 ? 1 : s->tokens / s->chunk;
    double state = 2 * count * s->state_elements * FP32_BYTES;
    return q_and_o + kv + (s->states == STATES_RECOMPUTE ? kv : 0) +
           (s->states == STATES_HBM ? state : 0);
}

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    sizes s = {0};
    tb_work *work = &out->work;
    tb_status status = tb_stage_rate(stage, context, &work->rate, err);
    if (status == TB_OK) {
        status = read_sizes(stage, context, &s, err);
    }
    if (status != TB_OK) {
        return status;
    }
    double element = (double)tb_dtype_bytes(context->problem->dtype);
    double copies = s.batch * s.heads, directions = s.bidirectional != 0 ? 2 : 1;
    double loads = s.tokens * (2 * s.dim_k + 2 * s.dim_v) * element; /* shared by directions */
    work->matrix_flop = flop_of_head(&s) * copies * directions;
    work->special = 2 * s.tokens * s.dim_k * copies * s.feature_special;
    work->hbm_bytes = (bytes_of_head(&s, element) * directions - loads * (directions - 1)) * copies;
    work->launches = s.states == STATES_CHIP ? 1 : 2;
    work->live_bytes = s.states == STATES_HBM
                           ? copies * directions * s.state_elements * FP32_BYTES *
                                 (s.causal == 0 ? 1 : s.tokens / s.chunk)
                           : 0;
    return tb_stage_time_work(context, out, err);
}

const tb_stage_kind tb_stage_linear = {
    .name = "linear",
    .summary = "chunkwise linear attention with states between chunks",
    .keys = keys,
    .evaluate = evaluate,
};
