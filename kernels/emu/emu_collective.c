/* What the lanes of a warp do together: each brings its operands and stops; the last to come does
 * it for all. */
#include "emu_access.h"

#include <string.h>

static void shuffle(tb_emu_operands *operands)
{
    for (int lane = 0; lane < TB_EMU_LANES; lane++) {
        operands->result[0][lane] = operands->value[operands->source[lane] & 31];
    }
}

static void ballot(tb_emu_operands *operands)
{
    tb_u32 bits = 0;
    for (int lane = 0; lane < TB_EMU_LANES; lane++) {
        bits |= (tb_u32)(operands->value[lane] != 0) << lane;
    }
    for (int lane = 0; lane < TB_EMU_LANES; lane++) {
        operands->result[0][lane] = bits;
    }
}

void tb_emu_perform(tb_emu_worker *worker, tb_emu_op op, const tb_emu_site *site)
{
    worker->steps++;
    switch (op) {
    case TB_EMU_OP_SYNCWARP:
        worker->warp->stamp = ++worker->clock;
        break;
    case TB_EMU_OP_SHFL:
        shuffle(&worker->operands);
        break;
    case TB_EMU_OP_BALLOT:
        ballot(&worker->operands);
        break;
    case TB_EMU_OP_LDMATRIX:
    case TB_EMU_OP_LDMATRIX_TRANS:
        tb_emu_ldmatrix_do(worker, op == TB_EMU_OP_LDMATRIX_TRANS, site);
        break;
    default:
        tb_emu_mma_do(worker, op == TB_EMU_OP_MMA_BF16);
        break;
    }
}

void tb_emu_syncwarp(const tb_emu_site *site)
{
    tb_emu_meet(tb_emu_current, TB_EMU_OP_SYNCWARP, site);
}

void tb_emu_syncthreads(const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_warp *warp = worker->warp;
    uint32_t me = UINT32_C(1) << (worker->thread & 31);
    worker->site_of[worker->thread] = site;
    worker->steps++;
    warp->ready &= ~me;
    warp->barred |= me;
    tb_emu_lane_leave(worker);
}

tb_u32 tb_emu_shfl(tb_u32 value, int lane, int is_xor, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    int me = worker->thread & 31;
    worker->operands.value[me] = value;
    worker->operands.source[me] = (tb_u32)(is_xor ? me ^ lane : lane);
    tb_emu_meet(worker, TB_EMU_OP_SHFL, site);
    return worker->operands.result[0][me];
}

tb_u32 tb_emu_ballot(int is_true, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    int me = worker->thread & 31;
    worker->operands.value[me] = is_true != 0;
    tb_emu_meet(worker, TB_EMU_OP_BALLOT, site);
    return worker->operands.result[0][me];
}

static tb_u4 ldmatrix(tb_u32 address, tb_emu_op op, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    int me = worker->thread & 31;
    worker->operands.value[me] = address;
    tb_emu_meet(worker, op, site);
    const tb_emu_operands *o = &worker->operands;
    return (tb_u4){o->result[0][me], o->result[1][me], o->result[2][me], o->result[3][me]};
}

tb_u4 tb_emu_ldmatrix(tb_u32 address, const tb_emu_site *site)
{
    return ldmatrix(address, TB_EMU_OP_LDMATRIX, site);
}

tb_u4 tb_emu_ldmatrix_trans(tb_u32 address, const tb_emu_site *site)
{
    return ldmatrix(address, TB_EMU_OP_LDMATRIX_TRANS, site);
}

/* B is kept by rows: the lane's pairs lie in column lane / 4. */
static inline tb_emu_f4 mma(tb_emu_f4 c, tb_u32 a0, tb_u32 a1, tb_u32 a2, tb_u32 a3, tb_u32 b0,
                            tb_u32 b1, tb_emu_op op, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_operands *o = &worker->operands;
    int me = worker->thread & 31;
    tb_u16(*b)[8] = &o->b[(me & 3) * 2];
    o->a[0][me] = a0;
    o->a[1][me] = a1;
    o->a[2][me] = a2;
    o->a[3][me] = a3;
    b[0][me >> 2] = (tb_u16)(b0 & 0xffff);
    b[1][me >> 2] = (tb_u16)(b0 >> 16);
    b[8][me >> 2] = (tb_u16)(b1 & 0xffff);
    b[9][me >> 2] = (tb_u16)(b1 >> 16);
    memcpy(o->c[0][me], &c.x, 8);
    memcpy(o->c[1][me], &c.z, 8);
    tb_emu_meet(worker, op, site);
    memcpy(&c.x, o->c[0][me], 8);
    memcpy(&c.z, o->c[1][me], 8);
    return c;
}

tb_emu_f4 tb_emu_mma_bf16(tb_emu_f4 c, tb_u32 a0, tb_u32 a1, tb_u32 a2, tb_u32 a3, tb_u32 b0,
                          tb_u32 b1, const tb_emu_site *site)
{
    return mma(c, a0, a1, a2, a3, b0, b1, TB_EMU_OP_MMA_BF16, site);
}

tb_emu_f4 tb_emu_mma_fp16(tb_emu_f4 c, tb_u32 a0, tb_u32 a1, tb_u32 a2, tb_u32 a3, tb_u32 b0,
                          tb_u32 b1, const tb_emu_site *site)
{
    return mma(c, a0, a1, a2, a3, b0, b1, TB_EMU_OP_MMA_FP16, site);
}
