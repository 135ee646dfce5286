#include "explain.h"

#include "explain_advice.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* Where the cycles of a launch go, over all SMs. */
typedef struct cycle_sums {
    double tensor; /* of all visited tiles */
    double plain;  /* of all visited tiles, were none masked */
    double tiles;  /* of all visited tiles as they are */
    double ctas;   /* and prologues: busy */
} cycle_sums;

static cycle_sums sum_cycles(const tb_time *time)
{
    return (cycle_sums){.tensor = time->tensor_cycles,
                        .plain = time->plain_cycles,
                        .tiles = time->tile_cycles,
                        .ctas = time->schedule.busy};
}

static double utilisation(const tb_time *time)
{
    return time->schedule.busy / ((double)time->schedule.slots * time->schedule.makespan);
}

/* Cycles a microsecond that the whole launch makes, HBM and launch included. */
static double effective_clock(const tb_time *time)
{
    return time->schedule.makespan / time->attention_us;
}

static void add_step(tb_explanation *out, const char *name, double factor, const char *advice)
{
    tb_explain_step *step = &out->steps[out->count++];
    step->name = name;
    step->factor = factor;
    (void)snprintf(step->advice, sizeof step->advice, "%s", advice);
}

static void add_tile_steps(const tb_prediction *p, tb_explanation *out)
{
    char advice[240];
    double visible = (double)p->census.visible_pairs, real = (double)p->census.real_pairs;
    tb_advise_stride(p, advice);
    add_step(out, "masked pairs in tiles", visible / real, advice);
    double after = out->from * (visible / real); /* x padding = the bound by tiles */
    tb_advise_padding(p, advice);
    add_step(out, "padding", p->bound.tile_speedup / after, advice);
}

static void add_time_steps(const tb_prediction *p, const tb_kernel *kernel, const tb_timing *timing,
                           tb_explanation *out)
{
    const tb_time *sparse = &timing->time, *dense = &timing->dense;
    cycle_sums s = sum_cycles(sparse), d = sum_cycles(dense);
    double slots = (double)sparse->schedule.slots / (double)dense->schedule.slots;
    char advice[240] = "";
    add_step(out, "baseline tiles and head dim", d.tensor / s.tensor / p->bound.tile_speedup, "");
    add_step(out, "exp and MMA in turn", (s.tensor / s.plain) / (d.tensor / d.plain),
             "a kernel that overlaps softmax with products would not pay for both");
    if (s.tiles > s.plain) {
        (void)snprintf(advice, sizeof advice,
                       "%s masks %s; a fully block-sparse pattern needs no mask", kernel->name,
                       kernel->mask == TB_MASK_PARTIAL_ONLY ? "its partial tiles"
                                                            : "every visited tile");
    }
    add_step(out, "masking", (s.plain / s.tiles) / (d.plain / d.tiles), advice);
    add_step(out, "prologue", (s.tiles / s.ctas) / (d.tiles / d.ctas),
             "fewer, larger query tiles share a prologue");
    tb_advise_waves(timing, advice);
    add_step(out, "waves and tail", utilisation(sparse) * slots / utilisation(dense), advice);
    add_step(out, "clock, HBM and launch", effective_clock(sparse) / effective_clock(dense),
             sparse->limiter == TB_LIMITER_HBM
                 ? "HBM traffic decides: longer reuse of K and V"
                 : "short launches pay for their start; long ones for a lower clock");
    add_step(out, "permutation", sparse->attention_us / sparse->total_us,
             sparse->permute_us > 0
                 ? "permute tokens once for all layers, or by a kernel made for it"
                 : "");
}

tb_status tb_explain(const tb_prediction *prediction, const tb_kernel *kernel,
                     const tb_timing *timing, tb_explanation *out, tb_error *err)
{
    if (!timing->has_dense) {
        return tb_fail(err, TB_EINVAL,
                       "no dense baseline to explain the speedup over; give --baseline-kernel");
    }
    tb_explanation made = {.from = prediction->bound.flop_speedup, .to = timing->speedup_total};
    add_tile_steps(prediction, &made);
    add_time_steps(prediction, kernel, timing, &made);
    *out = made;
    return TB_OK;
}

double tb_explain_compared_with(const tb_timing *timing, const tb_explain_measured *measured)
{
    return measured->with_permutation ? timing->speedup_total : timing->speedup;
}

/* "1.2 % longer than": a measured time over a predicted one. */
static void say_difference(double measured_us, double predicted_us, char out[static 48])
{
    double percent = 100 * (measured_us / predicted_us - 1);
    (void)snprintf(out, 48, "%.1f %% %s", fabs(percent), percent < 0 ? "less" : "longer");
}

void tb_explain_add_measured(const tb_timing *timing, const tb_explain_measured *measured,
                             tb_explanation *out)
{
    char advice[240], attention[48], dense[48];
    double predicted_us =
        measured->with_permutation ? timing->time.total_us : timing->time.attention_us;
    assert(out->count == TB_EXPLAIN_STEPS);
    say_difference(measured->attention_us, predicted_us, attention);
    say_difference(measured->dense_us, timing->dense.attention_us, dense);
    (void)snprintf(advice, sizeof advice,
                   "measured %s permutation: %s than predicted, dense attention %s",
                   measured->with_permutation ? "with" : "without", attention, dense);
    double speedup = measured->dense_us / measured->attention_us;
    add_step(out, "unexplained", speedup / tb_explain_compared_with(timing, measured), advice);
}
