#include "time_model.h"

#include "checked.h"
#include "processor_terms.h"
#include "schedule_estimate.h"

#include <math.h>
#include <stdlib.h>

const char *const tb_limiter_names[TB_LIMITER_COUNT] = {"tensor", "exp", "alu",     "smem",
                                                        "l2",     "hbm", "latency", "launch"};
const char *const tb_basis_names[TB_BASIS_COUNT] = {"calibrated", "uncalibrated", "assumed"};

/* Launches below and above these times run at the boost and at the sustained clock: cuDNN on an
 * H100 does 698 TFLOP/s in 0.8 ms and 542 in 97 ms (NATTEN docs/profiler.md). */
#define BOOST_UNTIL_US    1e3
#define SUSTAINED_FROM_US 5e3
#define MASK_COLUMNS      128.0 /* keys that mask_cycles is stated for */
/* CTAs that are scheduled one by one: a second or so. */
#define MAX_WALKED_CTAS INT64_C(20000000)
#define FLOP_PER_FMA    2.0
#define BYTES_PER_GB    1e9
#define US_PER_S        1e6

tb_time_values tb_time_priors_of(const tb_kernel *kernel, const tb_device *device)
{
    tb_time_values values = {.basis = TB_BASIS_UNCALIBRATED};
    const tb_device_value *clock = &device->values[TB_DEVICE_SUSTAINED_CLOCK_FRACTION];
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        values.known[p] = kernel->time.prior[p].given;
        values.value[p] = kernel->time.prior[p].value;
    }
    if (clock->origin != TB_VALUE_UNKNOWN) {
        values.known[TB_TIME_SUSTAINED_CLOCK_FRACTION] = true;
        values.value[TB_TIME_SUSTAINED_CLOCK_FRACTION] = clock->value;
    }
    return values;
}

tb_time_values tb_time_values_of(const tb_kernel *kernel, const tb_device *device)
{
    tb_time_values values = tb_time_priors_of(kernel, device);
    const tb_fit *fit = tb_time_find_fit(&kernel->time, device->name);
    bool clock_set =
        device->values[TB_DEVICE_SUSTAINED_CLOCK_FRACTION].origin == TB_VALUE_SET; /* wins */
    for (size_t p = 0; fit != NULL && p < TB_TIME_PARAMETER_COUNT; p++) {
        if (fit->fitted[p] && !(clock_set && p == TB_TIME_SUSTAINED_CLOCK_FRACTION)) {
            values.known[p] = true;
            values.value[p] = fit->value[p];
            values.basis = TB_BASIS_CALIBRATED;
        }
    }
    return values;
}

static tb_status need(const tb_time_case *item, const tb_time_values *values,
                      tb_time_parameter parameter, double *out, tb_error *err)
{
    if (!values->known[parameter]) {
        return tb_fail(
            err, TB_EINVAL,
            "kernel %s has neither a prior nor a fit of %s for device %s; add one to its "
            "file",
            item->kernel->name, tb_time_parameters[parameter].name, item->device->name);
    }
    *out = values->value[parameter];
    return TB_OK;
}

/* FLOP that the device's matrix units do a clock and SM for this dtype. */
static tb_status tensor_rate(const tb_time_case *item, double *out, tb_error *err)
{
    tb_device_key key = TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM;
    switch (item->problem->dtype) {
    case TB_DTYPE_FP32: { /* CUDA cores */
        tb_status status = tb_device_need(item->device, TB_DEVICE_FP32_FMA_LANES_PER_SM, out, err);
        *out *= FLOP_PER_FMA;
        return status;
    }
    case TB_DTYPE_E4M3:
    case TB_DTYPE_E5M2:
        key = TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM;
        break;
    default:
        break;
    }
    return tb_device_need(item->device, key, out, err);
}

/* Multiply-adds' FLOP of one query-key pair at the kernel's padded head dim. */
static double flop_per_pair(const tb_time_case *item)
{
    const tb_problem *problem = item->problem;
    double padded = (double)tb_kernel_padded_dim(item->kernel, problem);
    double d = fmax((double)problem->dim, padded), dv = fmax((double)problem->dim_value, padded);
    return problem->pass == TB_PASS_FORWARD ? 2 * (d + dv) : 2 * (3 * d + 2 * dv);
}

/* Bytes of keys and values of one token. */
static double kv_token_bytes(const tb_problem *problem)
{
    return (double)(problem->dim + problem->dim_value) * (double)tb_dtype_bytes(problem->dtype);
}

static double combine(double tensor, double softmax, double overlap)
{
    double larger = fmax(tensor, softmax), sum = tensor + softmax;
    return larger + (1 - overlap) * (sum - larger);
}

/* KV tiles come through shared memory once each, and from L2. */
static void memory_cycles(const tb_time_case *item, double kv_tile, tb_tile_cycles *cycles)
{
    const tb_device *device = item->device;
    double bytes = kv_tile * kv_token_bytes(item->problem);
    double smem = tb_device_get(device, TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM, 0);
    double l2 = tb_device_get(device, TB_DEVICE_MEASURED_L2_READ_GB_PER_S, 0);
    double sms = tb_device_get(device, TB_DEVICE_SM_COUNT, 0);
    double clock = tb_device_get(device, TB_DEVICE_CLOCK_BOOST_MHZ, 0);
    cycles->smem = smem > 0 ? bytes / smem : 0;
    if (l2 > 0 && sms > 0 && clock > 0) {
        double bytes_per_clk = l2 * BYTES_PER_GB / (clock * US_PER_S) / sms;
        cycles->l2 = bytes / bytes_per_clk;
    }
}

tb_status tb_time_tile_cycles(const tb_time_case *item, const tb_time_values *values,
                              tb_tile_cycles *out, tb_error *err)
{
    const tb_layout *layout = &item->problem->layout;
    double q_tile = tb_time_worked_rows(item);
    double kv_tile = (double)tb_tiling_kv_tokens(item->tiling, layout);
    double rate = 0, ex2 = 0, lanes = 0, overlap = 0, mask = 0, factor = 1;
    tb_tile_cycles cycles = {0};
    tb_status status = tensor_rate(item, &rate, err);
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, &ex2, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_FP32_FMA_LANES_PER_SM, &lanes, err);
    }
    if (status == TB_OK) {
        status = need(item, values, TB_TIME_OVERLAP, &overlap, err);
    }
    if (status == TB_OK) {
        status = need(item, values, TB_TIME_MASK_CYCLES, &mask, err);
    }
    if (status == TB_OK && tb_tiling_dims(item->tiling, layout) >= 3) {
        status = need(item, values, TB_TIME_MASK_3D_FACTOR, &factor, err);
    }
    if (status != TB_OK) {
        return status;
    }
    double efficiency = tb_time_optional(values, TB_TIME_PRODUCT_EFFICIENCY, 1);
    rate *= item->kernel->time.tensor_efficiency * efficiency;
    cycles.tensor = q_tile * kv_tile * flop_per_pair(item) / rate;
    cycles.exp = q_tile * kv_tile / ex2;
    cycles.alu = q_tile * kv_tile * item->kernel->time.alu_ops_per_score / lanes;
    cycles.mask = mask * factor * kv_tile / MASK_COLUMNS *
                  tb_time_growth(q_tile, item->kernel->time.stated_rows);
    memory_cycles(item, kv_tile, &cycles);
    double softmax =
        fmax(cycles.exp, cycles.alu) * tb_time_optional(values, TB_TIME_SOFTMAX_FACTOR, 1);
    double memory = fmax(cycles.smem, cycles.l2);
    cycles.plain = fmax(combine(cycles.tensor, softmax, overlap), memory);
    cycles.masked = fmax(combine(cycles.tensor, softmax + cycles.mask, overlap), memory);
    *out = cycles;
    return TB_OK;
}

/* Masked tiles of a query tile: NATTEN's rule is all or nothing for most launches; where only some
 * dilation groups are masked, their part is spread evenly. */
static double masked_tiles(const tb_time_case *item, const tb_q_tile_count *count)
{
    if (item->masks == NULL || item->kernel->mask == TB_MASK_PARTIAL_ONLY) {
        return (double)(count->visited - count->full);
    }
    return (double)count->visited * (double)item->masks->masked / (double)item->census->visited;
}

static double clock_mhz(double boost, double fraction, double time_us)
{
    double position = log(time_us / BOOST_UNTIL_US) / log(SUSTAINED_FROM_US / BOOST_UNTIL_US);
    double weight = fmin(fmax(position, 0), 1);
    return boost * (1 - weight * (1 - fraction));
}

/* All bytes that must cross HBM: operands once; where a head's keys and values do not fit L2, each
 * wave of CTAs reads the different KV tiles that it visits again. */
static double hbm_bytes(const tb_time_case *item, const tb_schedule *schedule)
{
    const tb_problem *problem = item->problem;
    double n = (double)tb_layout_tokens(&problem->layout);
    double queries = n + (double)problem->extra_q, keys = n + (double)problem->extra_kv;
    double bytes = (double)tb_dtype_bytes(problem->dtype), batch = (double)problem->batch;
    double q_and_o = queries * (double)(problem->dim + problem->dim_value) * bytes *
                     (double)problem->heads * batch;
    double kv = keys * kv_token_bytes(problem), per_head = kv;
    double l2 = tb_device_get(item->device, TB_DEVICE_L2_SIZE_MIB, 0) * 1024 * 1024;
    if (kv > l2) {
        double q_tiles = (double)item->census->q_tiles, slots = (double)schedule->slots;
        double wave = item->wave_kv_tiles > 0 ? (double)item->wave_kv_tiles
                                              : slots * (double)item->census->visited / q_tiles;
        double tile =
            (double)tb_tiling_kv_tokens(item->tiling, &problem->layout) * kv_token_bytes(problem);
        per_head = fmax(kv, q_tiles / slots * fmin(kv, wave * tile));
    }
    return q_and_o + per_head * (double)problem->heads_kv * batch;
}

static double permute_us(const tb_time_case *item, double bandwidth, double fraction)
{
    const tb_problem *problem = item->problem;
    bool is_dilated = false;
    for (int d = 0; d < problem->layout.rank; d++) {
        is_dilated = is_dilated || tb_pattern_dilation(item->pattern, d) > 1;
    }
    if (item->kernel->permutation == TB_PERMUTE_NONE ||
        item->tiling->kind == TB_TILING_SINGLE_DIM || (problem->layout.rank == 1 && !is_dilated)) {
        return 0;
    }
    double n = (double)tb_layout_tokens(&problem->layout);
    double per_token = (double)problem->heads * (double)(problem->dim + problem->dim_value) +
                       (double)problem->heads_kv * (double)(problem->dim + problem->dim_value);
    double bytes =
        2 * n * per_token * (double)problem->batch * (double)tb_dtype_bytes(problem->dtype);
    return bytes / (bandwidth * BYTES_PER_GB * fraction) * US_PER_S;
}

/* What takes the largest part of the launch. */
static tb_limiter find_limiter(const tb_time_case *item, const tb_time *time, double makespan_us,
                               double prologue_cycles)
{
    const tb_tile_cycles *tile = &time->tile;
    double tiles = (double)item->census->visited, masked = 0, all = time->schedule.busy;
    if (time->hbm_us > makespan_us) {
        return TB_LIMITER_HBM;
    }
    if (time->launch_us > time->attention_us / 2) {
        return TB_LIMITER_LAUNCH;
    }
    for (int64_t q = 0; q < item->census->q_tiles; q++) {
        masked += masked_tiles(item, &item->q_tiles[q]);
    }
    if (tile->plain <= fmax(tile->smem, tile->l2)) {
        return tile->l2 > tile->smem ? TB_LIMITER_L2 : TB_LIMITER_SMEM;
    }
    double copies = (double)item->problem->batch * (double)item->problem->heads;
    double idle = time->schedule.makespan * (double)time->schedule.slots - all;
    double latency = idle + prologue_cycles * (double)item->census->q_tiles * copies;
    double tensor = tile->tensor * tiles * copies;
    double exp_cycles = tile->exp * tiles * copies;
    double alu = (fmax(tile->alu - tile->exp, 0) * tiles + tile->mask * masked) * copies;
    double largest = fmax(fmax(latency, tensor), fmax(exp_cycles, alu));
    return largest == tensor       ? TB_LIMITER_TENSOR
           : largest == exp_cycles ? TB_LIMITER_EXP
           : largest == alu        ? TB_LIMITER_ALU
                                   : TB_LIMITER_LATENCY;
}

/* Is a value that this model uses assumed on the device? */
static bool rests_on_assumption(const tb_device *device)
{
    static const tb_device_key used[] = {
        TB_DEVICE_SM_COUNT,
        TB_DEVICE_CLOCK_BOOST_MHZ,
        TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM,
        TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM,
        TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM,
        TB_DEVICE_FP32_FMA_LANES_PER_SM,
        TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM,
        TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
        TB_DEVICE_L2_SIZE_MIB,
        TB_DEVICE_MEASURED_L2_READ_GB_PER_S,
        TB_DEVICE_SUSTAINED_CLOCK_FRACTION,
    };
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        if (device->values[used[i]].origin == TB_VALUE_ASSUMED) {
            return true;
        }
    }
    return device->like != NULL;
}

/* A launch of too many CTAs to walk: the middle of the range that the makespan lies in, which is
 * narrow there (at most one CTA's cost wide). */
static tb_status estimate_schedule(const tb_schedule_problem *problem, tb_schedule *out,
                                   tb_error *err)
{
    int64_t slots;
    tb_schedule_range range;
    tb_schedule_bin *bins = calloc((size_t)problem->q_tiles, sizeof *bins);
    if (bins == NULL || !tb_mul_ok(problem->sms, problem->occupancy, &slots)) {
        free(bins);
        return tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles",
                       (long long)problem->q_tiles);
    }
    for (int64_t q = 0; q < problem->q_tiles; q++) {
        bins[q] = (tb_schedule_bin){.cost = problem->cost[q], .ctas = problem->copies};
    }
    tb_status status =
        tb_schedule_estimate(bins, problem->q_tiles, slots, problem->policy, &range, err);
    free(bins);
    if (status != TB_OK) {
        return status;
    }
    double makespan = (range.lower + range.upper) / 2, load = range.busy / (double)problem->sms;
    *out = (tb_schedule){.ctas = range.ctas,
                         .slots = slots,
                         .waves = range.waves,
                         .makespan = makespan,
                         .busy = range.busy,
                         .utilisation = range.busy / ((double)slots * makespan),
                         .tail = range.upper - range.lower,
                         .load_min = load,
                         .load_mean = load,
                         .load_max = load,
                         .imbalance = 1};
    return TB_OK;
}

static tb_status run_schedule(const tb_time_case *item, double prologue, tb_time *time,
                              tb_error *err)
{
    int64_t q_tiles = item->census->q_tiles, copies;
    double sms = 0;
    tb_status status = tb_device_need(item->device, TB_DEVICE_SM_COUNT, &sms, err);
    if (status != TB_OK) {
        return status;
    }
    if (!tb_mul_ok(item->problem->batch, item->problem->heads, &copies)) {
        return tb_fail(err, TB_EOVERFLOW, "more heads and batch entries than 2^63 - 1");
    }
    double *cost = calloc((size_t)q_tiles, sizeof *cost);
    if (cost == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles", (long long)q_tiles);
    }
    double occupancy = (double)item->kernel->time.occupancy;
    for (int64_t q = 0; q < q_tiles; q++) {
        double masked = masked_tiles(item, &item->q_tiles[q]);
        double plain = (double)item->q_tiles[q].visited - masked;
        /* CTAs that share an SM take turns: each takes as many times longer */
        double cycles = occupancy * (plain * time->tile.plain + masked * time->tile.masked);
        cost[q] = cycles + prologue;
        time->tile_cycles += cycles * (double)copies;
    }
    double visited = occupancy * (double)item->census->visited * (double)copies;
    time->tensor_cycles = visited * time->tile.tensor;
    time->plain_cycles = visited * time->tile.plain;
    tb_schedule_problem problem = {.cost = cost,
                                   .q_tiles = q_tiles,
                                   .copies = copies,
                                   .sms = (int64_t)sms,
                                   .occupancy = item->kernel->time.occupancy,
                                   .policy = TB_SCHEDULE_HARDWARE};
    status = copies <= MAX_WALKED_CTAS / q_tiles
                 ? tb_schedule_run(&problem, NULL, NULL, &time->schedule, err)
                 : estimate_schedule(&problem, &time->schedule, err);
    free(cost);
    return status;
}

tb_status tb_time_predict(const tb_time_case *item, const tb_time_values *values, tb_time *out,
                          tb_error *err)
{
    tb_time time = {.basis = values->basis};
    double boost = 0, bandwidth = 0, prologue = 0, sustained = 0, permute = 0;
    tb_status status = tb_time_tile_cycles(item, values, &time.tile, err);
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_CLOCK_BOOST_MHZ, &boost, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &bandwidth, err);
    }
    if (status == TB_OK) {
        status = need(item, values, TB_TIME_PROLOGUE_CYCLES, &prologue, err);
        prologue = tb_time_prologue(item, values, prologue);
    }
    if (status == TB_OK) {
        status = need(item, values, TB_TIME_SUSTAINED_CLOCK_FRACTION, &sustained, err);
    }
    if (status == TB_OK) {
        status = need(item, values, TB_TIME_LAUNCH_US, &time.launch_us, err);
    }
    if (status == TB_OK && item->kernel->permutation != TB_PERMUTE_NONE) {
        status = need(item, values, TB_TIME_PERMUTE_FRACTION, &permute, err);
    }
    if (status == TB_OK) {
        status = run_schedule(item, prologue, &time, err);
    }
    if (status != TB_OK) {
        return status;
    }
    time.clock_mhz = clock_mhz(boost, sustained, time.schedule.makespan / boost);
    double makespan_us = time.schedule.makespan / time.clock_mhz;
    time.hbm_us = hbm_bytes(item, &time.schedule) / (bandwidth * BYTES_PER_GB) * US_PER_S;
    time.pack_us = tb_time_pack_us(item, values, bandwidth);
    time.attention_us = fmax(makespan_us, time.hbm_us) + time.pack_us + time.launch_us;
    time.permute_us = permute_us(item, bandwidth, permute);
    time.total_us = time.attention_us + time.permute_us;
    time.limiter = find_limiter(item, &time, makespan_us, prologue);
    if (rests_on_assumption(item->device)) {
        time.basis = TB_BASIS_ASSUMED;
    }
    *out = time;
    return TB_OK;
}
