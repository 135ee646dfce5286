/* Merges the partial results that fmha_decode left of a row: one CTA a query row.
 *
 *   partial i:  m_i  the greatest logit, in units of log2        o_i = sum 2^(x - m_i) v
 *               l_i = sum 2^(x - m_i)
 *
 *   m = max m_i;  l = sum l_i 2^(m_i - m);  o = sum o_i 2^(m_i - m) / l;  lse = (m + log2 l) ln 2
 *
 * A row's partials are those of the parts of its item, TB_DECODE_WARPS each. Every warp finds m and
 * l for itself, a lane every 32nd partial: that costs fewer bytes than one output row, and no
 * barrier. Then teams of lanes take every so-many-th partial output,
 *
 *   dim_value 128:   team 0  |...32 lanes, 4 elements each...|   partials 0, 8, 16, ...
 *                    team 1  |...                            |   partials 1, 9, 17, ...
 *                    team 7
 *
 * so that each row of the workspace is read once, in whole sectors, and up to 256 x 16 bytes are on
 * their way. The teams' sums meet in shared memory and are added in order: the result does not
 * depend on which CTA finished first. It is a kernel of its own because a CTA that waited for
 * others could wait for one that has no SM to run on.
 *
 * Options: none.
 */
#include "decode_params.h"

#define TB_THREADS TB_DECODE_REDUCE_THREADS

#include "ptx.h"

TB_STATIC_ASSERT(sizeof(tb_decode_reduce_params) <= 512, "a launch's parameters");

#define TB_LN_2 0.693147180559945f

/* 2^(x - maximum): how much a partial with maximum x counts; 0 where it had no key. */
TB_FN float tb_weight(float x, float maximum)
{
    return x > TB_MINUS_INFINITY ? tb_exp2(x - maximum) : 0.0f;
}

/* Two maxima with their sums become one. */
TB_FN tb_decode_sum tb_join(tb_decode_sum a, tb_decode_sum b)
{
    tb_decode_sum joined;
    joined.maximum = tb_max(a.maximum, b.maximum);
    joined.sum = a.sum * tb_weight(a.maximum, joined.maximum);
    joined.sum = tb_fma(b.sum, tb_weight(b.maximum, joined.maximum), joined.sum);
    return joined;
}

/* Both numbers of a partial at once. */
TB_FN tb_decode_sum tb_load_sum(const tb_decode_sum *at)
{
    const tb_u64 bits = *(const tb_u64 *)at;
    tb_decode_sum sum;
    sum.maximum = tb_float_of_bits((tb_u32)bits);
    sum.sum = tb_float_of_bits((tb_u32)(bits >> 32));
    return sum;
}

/* Maximum and sum of a row, the same in every lane. Its `count` partials lie `rows` apart. */
TB_FN tb_decode_sum tb_sum_of_row(const tb_decode_sum *partials, int count, int rows)
{
    tb_decode_sum all;
    all.maximum = TB_MINUS_INFINITY;
    all.sum = 0.0f;
    TB_UNROLL_2
    for (int i = tb_lane(); i < count; i += 32) {
        all = tb_join(all, tb_load_sum(&partials[(tb_i64)i * rows]));
    }
    TB_UNROLL
    for (int lanes = 1; lanes < 32; lanes *= 2) {
        tb_decode_sum other;
        other.maximum = tb_shfl_xor(all.maximum, lanes);
        other.sum = tb_shfl_xor(all.sum, lanes);
        /* The lower lane's first in both, so that both come to the same sum. */
        all = tb_lane() & lanes ? tb_join(other, all) : tb_join(all, other);
    }
    return all;
}

/* Add this team's partial outputs, every teams-th from number `team` on: four at a time are on
 * their way. One without a key was not written, and is not read. */
TB_FN void tb_add_partials(float o[4], const tb_decode_sum *sums, const float *partial_o, int team,
                           int teams, int count, float maximum, const tb_decode_reduce_params *p)
{
    TB_NO_UNROLL
    for (int i = team; i < count; i += 4 * teams) {
        tb_u4 bits[4];
        float weight[4];
        TB_UNROLL
        for (int j = 0; j < 4; j++) {
            const tb_i64 row = (tb_i64)(i + j * teams) * p->rows;
            const int is_there = i + j * teams < count;
            weight[j] = is_there ? tb_weight(sums[row].maximum, maximum) : 0.0f;
            bits[j].x = bits[j].y = bits[j].z = bits[j].w = 0;
            if (weight[j] > 0.0f) {
                bits[j] = tb_load16(partial_o + row * p->dim_value);
            }
        }
        TB_UNROLL
        for (int j = 0; j < 4; j++) {
            o[0] = tb_fma(tb_float_of_bits(bits[j].x), weight[j], o[0]);
            o[1] = tb_fma(tb_float_of_bits(bits[j].y), weight[j], o[1]);
            o[2] = tb_fma(tb_float_of_bits(bits[j].z), weight[j], o[2]);
            o[3] = tb_fma(tb_float_of_bits(bits[j].w), weight[j], o[3]);
        }
    }
}

TB_FN tb_u32 tb_pack_two(int is_bf16, float low, float high)
{
    return is_bf16 ? tb_pack_bf16(low, high) : tb_pack_fp16(low, high);
}

/* Elements 4 i ... 4 i + 3 of the row: the teams' sums, times `by`, in 8 bytes. */
TB_FN tb_u64 tb_finish(tb_u32 shared, int i, int teams, int lanes, float by, int is_bf16)
{
    float o[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    TB_NO_UNROLL
    for (int team = 0; team < teams; team++) {
        const tb_u4 bits = tb_load_shared16(shared + (tb_u32)((team * lanes + i) * 16));
        o[0] += tb_float_of_bits(bits.x);
        o[1] += tb_float_of_bits(bits.y);
        o[2] += tb_float_of_bits(bits.z);
        o[3] += tb_float_of_bits(bits.w);
    }
    return (tb_u64)tb_pack_two(is_bf16, o[2] * by, o[3] * by) << 32 |
           tb_pack_two(is_bf16, o[0] * by, o[1] * by);
}

TB_KERNEL(fmha_decode_reduce, tb_decode_reduce_params)
{
    TB_SHARED(shared_bytes);
    const tb_u32 shared = tb_shared_address(shared_bytes);
    const int head = tb_cta_x(), batch = tb_cta_y();
    const int group = params.heads / params.heads_kv;
    const int head_kv = head / group, set = head % group / params.rows;
    const int item = (batch * params.heads_kv + head_kv) * params.row_sets + set;
    const int row = head % group - set * params.rows;

    const int first = params.item_first[item] * TB_DECODE_WARPS;
    const int count = params.item_first[item + 1] * TB_DECODE_WARPS - first;
    const tb_i64 at = (tb_i64)first * params.rows + row; /* in the workspace */
    const tb_decode_sum *sums = params.partial_sums + at;
    const tb_decode_sum all = tb_sum_of_row(sums, count, params.rows);

    /* Lanes of a team: a power of two, so that teams divide the CTA. */
    const int chunks = params.dim_value / 4;
    int lanes = 2;
    while (lanes < chunks) {
        lanes *= 2;
    }
    const int teams = TB_THREADS / lanes, team = tb_thread() / lanes, chunk = tb_thread() % lanes;
    float o[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (chunk < chunks) {
        tb_add_partials(o, sums, params.partial_o + at * params.dim_value + chunk * 4, team, teams,
                        count, all.maximum, &params);
    }
    tb_u4 bits;
    bits.x = tb_bits_of_float(o[0]);
    bits.y = tb_bits_of_float(o[1]);
    bits.z = tb_bits_of_float(o[2]);
    bits.w = tb_bits_of_float(o[3]);
    tb_store_shared16(shared + (tb_u32)(tb_thread() * 16), bits);
    tb_syncthreads();

    const tb_i64 o_row = (tb_i64)batch * params.heads + head;
    if (tb_thread() < chunks) {
        const float by = all.sum > 0.0f ? 1.0f / all.sum : 0.0f;
        ((tb_u64 *)params.o)[o_row * chunks + tb_thread()] =
            tb_finish(shared, tb_thread(), teams, lanes, by, params.is_bf16);
    }
    if (tb_thread() == 0 && params.lse) {
        params.lse[o_row] = (all.maximum + tb_log2(all.sum)) * TB_LN_2;
    }
}
