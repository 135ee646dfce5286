/* na_naive: neighborhood attention without tiles, one warp a query.
 *
 * Shapes   q [batch][token][head][dim]   k [batch][token][KV head][dim]   v, o likewise
 *          bf16, fp16 or fp32, softmax and sums in fp32; any dim that is a multiple of 8, to 256
 *
 *      a query of a 2-D layout,        the keys of its window, one after another:
 *      window 3 x 4                    16 bytes a lane, so that at dim 64 in bf16
 *        . . . . . . .                   lanes  0- 7   key 0, 4, 8
 *        . # # # # . .                   lanes  8-15   key 1, 5, 9
 *        . # # Q # . .                   lanes 16-23   key 2, 6, 10
 *        . # # # # . .                   lanes 24-31   key 3, 7, 11
 *
 * Why it is so: the first kernels of neighborhood attention had no tiles; each query walked over
 * its own keys, on CUDA cores. It wastes nothing on masks, whatever the window, and reads every key
 * and value once for each query that sees it: what a cache does not catch, it pays for. That is
 * what this kernel is for, a baseline; but it is not to lose by clumsiness.
 *
 * - Lanes lie over the head dim, not over keys: a key's row is one run of memory, so that lanes
 * side by side read whole sectors. With a key a lane every load would touch 32 rows.
 * - 16 bytes a lane need fewer than 32 lanes a row up to dim 128 (16-bit), so that several keys are
 *   under way at once, each with lanes of its own. A score then takes log2(lanes a key) shuffles.
 * - One pass, with the online softmax: two passes would read K twice, which is what this kernel has
 *   too much of. Each group of lanes has its own maximum, sum and output; they merge at the end, as
 *   merge.cu does it.
 * - K and V of a key are loaded together, before the shuffles need K.
 * - The four warps of a CTA take neighbouring queries of one head: their windows overlap, and the
 * L1 cache serves most of three of them.
 *
 * Which key comes next is an odometer over the window's axes that each group moves ahead by the
 * number of groups: no division a key.
 */
#define TB_THREADS TB_NAIVE_THREADS

#include "elements.h"
#include "naive_params.h"

#define TB_LANE_ELEMENTS 8 /* of a row, at most, as 32 lanes have TB_NAIVE_DIM_MAX */
#define TB_LANE_WORDS    (TB_LANE_ELEMENTS / TB_WORD_ELEMENTS)
#define TB_LN_2          0.693147180559945309417f

/* How the lanes of a warp lie over keys: `lanes` of them a key, a power of two. */
typedef struct tb_naive_group {
    int lanes, groups;
    int group, lane; /* this one's */
} tb_naive_group;

TB_FN tb_naive_group tb_group_of_lane(int dim, int dim_value)
{
    const int larger = dim > dim_value ? dim : dim_value;
    tb_naive_group g;
    g.lanes = 1;
    while (g.lanes * TB_LANE_ELEMENTS < larger) {
        g.lanes *= 2;
    }
    g.groups = 32 / g.lanes;
    g.group = tb_lane() / g.lanes;
    g.lane = tb_lane() % g.lanes;
    return g;
}

/* A lane's elements of a row of `dim`: its words are `lanes` words apart, so that each load of the
 * group is one run. Zero past the row's end, and where there is no row. */
TB_FN void tb_row_load(const unsigned char *row, int is_row, int dim, tb_naive_group g,
                       tb_u4 out[TB_LANE_WORDS])
{
    TB_UNROLL
    for (int w = 0; w < TB_LANE_WORDS; w++) {
        const int word = w * g.lanes + g.lane;
        out[w] = tb_word_zero();
        if (is_row && word * TB_WORD_ELEMENTS < dim) {
            out[w] = tb_load16(row + word * 16);
        }
    }
}

TB_FN void tb_row_unpack(const tb_u4 words[TB_LANE_WORDS], float out[TB_LANE_ELEMENTS])
{
    TB_UNROLL
    for (int w = 0; w < TB_LANE_WORDS; w++) {
        tb_word_unpack(words[w], out + w * TB_WORD_ELEMENTS);
    }
}

TB_FN void tb_row_store(unsigned char *row, const float x[TB_LANE_ELEMENTS], int dim,
                        tb_naive_group g)
{
    TB_UNROLL
    for (int w = 0; w < TB_LANE_WORDS; w++) {
        const int word = w * g.lanes + g.lane;
        if (word * TB_WORD_ELEMENTS < dim) {
            tb_store16(row + word * 16, tb_word_pack(x + w * TB_WORD_ELEMENTS));
        }
    }
}

/* The keys of one query: first a product of intervals, then rows from `extra` on. */
typedef struct tb_naive_keys {
    int at[TB_NAIVE_AXES];    /* place in the window, of the next key */
    int count[TB_NAIVE_AXES]; /* places along the axis */
    int step[TB_NAIVE_AXES];  /* rows from one place to the next */
    int first;                /* row of the window's first place */
    int windowed, total;      /* keys in the window, and all */
    int extra;
} tb_naive_keys;

TB_FN tb_naive_keys tb_keys_of_query(const tb_naive_params *params, int query)
{
    tb_naive_keys keys;
    const int is_extra = query >= params->tokens;
    int rest = query, stride = 1;
    keys.first = 0;
    keys.windowed = 1;
    TB_UNROLL
    for (int a = TB_NAIVE_AXES - 1; a >= 0; a--) {
        const int extent = params->extent[a];
        keys.at[a] = keys.step[a] = 0;
        keys.count[a] = is_extra ? 0 : 1;
        if (!is_extra && extent > 1) {
            const tb_naive_window seen = params->window[a][rest % extent];
            const int dilation = params->dilation[a];
            keys.count[a] =
                seen.end > seen.start ? (seen.end - seen.start + dilation - 1) / dilation : 0;
            keys.step[a] = dilation * stride;
            keys.first += seen.start * stride;
        }
        keys.windowed *= keys.count[a];
        rest /= extent;
        stride *= extent;
    }
    keys.extra = is_extra ? 0 : (int)params->tokens;
    keys.total = keys.windowed + (int)params->kv_rows - keys.extra;
    return keys;
}

/* Move ahead by `places`, of a window that has keys. */
TB_FN void tb_keys_advance(tb_naive_keys *keys, int places)
{
    keys->at[TB_NAIVE_AXES - 1] += places;
    TB_UNROLL
    for (int a = TB_NAIVE_AXES - 1; a > 0; a--) {
        while (keys->at[a] >= keys->count[a]) {
            keys->at[a] -= keys->count[a];
            keys->at[a - 1]++;
        }
    }
}

/* Row of key i, to which the odometer has moved. */
TB_FN int tb_key_row(const tb_naive_keys *keys, int i)
{
    if (i >= keys->windowed) {
        return keys->extra + i - keys->windowed;
    }
    int row = keys->first;
    TB_UNROLL
    for (int a = 0; a < TB_NAIVE_AXES; a++) {
        row += keys->at[a] * keys->step[a];
    }
    return row;
}

/* What a group of lanes has seen: maximum and sum of the weights in the exp2 domain, and a lane's
 * elements of the weighted sum. */
typedef struct tb_naive_state {
    float largest, sum;
    float o[TB_LANE_ELEMENTS];
    int keys;
} tb_naive_state;

TB_FN tb_naive_state tb_state_empty(void)
{
    tb_naive_state state;
    state.largest = TB_MINUS_INFINITY;
    state.sum = 0.0f;
    state.keys = 0;
    TB_UNROLL
    for (int i = 0; i < TB_LANE_ELEMENTS; i++) {
        state.o[i] = 0.0f;
    }
    return state;
}

TB_FN void tb_state_add(tb_naive_state *state, float score, const float v[TB_LANE_ELEMENTS])
{
    const float largest = tb_max(state->largest, score);
    const float keep = tb_exp2(state->largest - largest); /* 0 at the first key */
    const float weight = tb_exp2(score - largest);
    state->sum = tb_fma(state->sum, keep, weight);
    TB_UNROLL
    for (int i = 0; i < TB_LANE_ELEMENTS; i++) {
        state->o[i] = tb_fma(weight, v[i], state->o[i] * keep);
    }
    state->largest = largest;
    state->keys++;
}

/* Merge what two groups have seen, `lane_mask` lanes apart. All lanes of the warp. */
TB_FN void tb_state_merge(tb_naive_state *state, int lane_mask)
{
    const float other_largest = tb_shfl_xor(state->largest, lane_mask);
    const float other_sum = tb_shfl_xor(state->sum, lane_mask);
    const float largest = tb_max(state->largest, other_largest);
    const float from = largest == TB_MINUS_INFINITY ? 0.0f : largest; /* neither saw a key */
    const float keep = tb_exp2(state->largest - from);
    const float take = tb_exp2(other_largest - from);
    state->sum = tb_fma(state->sum, keep, other_sum * take);
    TB_UNROLL
    for (int i = 0; i < TB_LANE_ELEMENTS; i++) {
        const float other = tb_shfl_xor(state->o[i], lane_mask);
        state->o[i] = tb_fma(state->o[i], keep, other * take);
    }
    state->largest = largest;
}

/* q.k over the lanes of a group, in all of them. All lanes of the warp. */
TB_FN float tb_group_dot(const float q[TB_LANE_ELEMENTS], const float k[TB_LANE_ELEMENTS],
                         int lanes)
{
    float score = 0.0f;
    TB_UNROLL
    for (int i = 0; i < TB_LANE_ELEMENTS; i++) {
        score = tb_fma(q[i], k[i], score);
    }
    for (int mask = lanes / 2; mask > 0; mask /= 2) {
        score += tb_shfl_xor(score, mask);
    }
    return score;
}

/* The loop over keys; q is scaled. */
TB_FN tb_naive_state tb_attend(const tb_naive_params *params, tb_naive_keys keys, tb_naive_group g,
                               const float q[TB_LANE_ELEMENTS])
{
    const int kv_head = tb_cta_z() / (params->heads / params->heads_kv);
    const tb_i64 k_bytes = (tb_i64)params->heads_kv * params->dim * TB_ELEMENT_BYTES;
    const tb_i64 v_bytes = (tb_i64)params->heads_kv * params->dim_value * TB_ELEMENT_BYTES;
    const unsigned char *const k = (const unsigned char *)params->k +
                                   tb_cta_y() * params->kv_rows * k_bytes +
                                   (tb_i64)kv_head * params->dim * TB_ELEMENT_BYTES;
    const unsigned char *const v = (const unsigned char *)params->v +
                                   tb_cta_y() * params->kv_rows * v_bytes +
                                   (tb_i64)kv_head * params->dim_value * TB_ELEMENT_BYTES;
    tb_naive_state state = tb_state_empty();
    if (g.group < keys.windowed) {
        tb_keys_advance(&keys, g.group);
    }
    TB_NO_UNROLL
    for (int begin = 0; begin < keys.total; begin += g.groups) {
        const int i = begin + g.group;
        const int is_key = i < keys.total;
        const tb_i64 row = is_key ? tb_key_row(&keys, i) : 0;
        tb_u4 k_words[TB_LANE_WORDS], v_words[TB_LANE_WORDS];
        float k_row[TB_LANE_ELEMENTS], v_row[TB_LANE_ELEMENTS];
        tb_row_load(k + row * k_bytes, is_key, params->dim, g, k_words);
        tb_row_load(v + row * v_bytes, is_key, params->dim_value, g, v_words);
        tb_row_unpack(k_words, k_row);
        const float score = tb_group_dot(q, k_row, g.lanes);
        if (is_key) {
            tb_row_unpack(v_words, v_row);
            tb_state_add(&state, score, v_row);
        }
        if (i + g.groups < keys.windowed) {
            tb_keys_advance(&keys, g.groups);
        }
    }
    return state;
}

TB_KERNEL(na_naive, tb_naive_params)
{
    const int query = tb_cta_x() * TB_NAIVE_QUERIES + tb_warp();
    if (query >= params.q_rows) {
        return;
    }
    const tb_naive_group g = tb_group_of_lane(params.dim, params.dim_value);
    const tb_i64 row = (tb_cta_y() * params.q_rows + query) * params.heads + tb_cta_z();
    tb_u4 words[TB_LANE_WORDS];
    float q[TB_LANE_ELEMENTS];
    tb_row_load((const unsigned char *)params.q + row * params.dim * TB_ELEMENT_BYTES, 1,
                params.dim, g, words);
    tb_row_unpack(words, q);
    TB_UNROLL
    for (int i = 0; i < TB_LANE_ELEMENTS; i++) {
        q[i] *= params.scale_log2;
    }
    tb_naive_state state = tb_attend(&params, tb_keys_of_query(&params, query), g, q);
    if (TB_IS_COUNTING && g.lane == 0) {
        tb_count_unmasked(query, 0, state.keys);
    }
    for (int mask = g.lanes; mask < 32; mask *= 2) {
        tb_state_merge(&state, mask);
    }
    const float inverse = state.sum > 0.0f ? 1.0f / state.sum : 0.0f;
    TB_UNROLL
    for (int i = 0; i < TB_LANE_ELEMENTS; i++) {
        state.o[i] *= inverse;
    }
    if (g.group == 0) {
        tb_row_store((unsigned char *)params.o + row * params.dim_value * TB_ELEMENT_BYTES, state.o,
                     params.dim_value, g);
    }
    if (params.lse && tb_lane() == 0) {
        /* log2(0) = -inf, and so is a maximum over nothing. */
        params.lse[row] = (state.largest + tb_log2(state.sum)) * TB_LN_2;
    }
}
