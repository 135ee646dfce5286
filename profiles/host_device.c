#include "host_device.h"

#include "arena.h"
#include "system_text.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HZ_PER_MHZ     1e6
#define BYTES_PER_GB   1e9
#define BYTES_PER_KIB  1024.0
#define BYTES_PER_MIB  1048576.0
#define FLOP_PER_FMA   2.0
#define UNREADABLE_MHZ 1000.0 /* any would do: cycles are time times this */
#define TWO_THREADS    2.0
#define START          "thread_start_us" /* the one fact that is no rate */

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a device");
}

/* A rate is the best of its samples: whatever else runs can only slow one. 0 = not measured. */
static double rate(const tb_device_facts *facts, const char *name)
{
    const tb_device_fact *found = tb_device_facts_find(facts, name);
    return found != NULL ? found->max : 0;
}

static double least(const tb_device_facts *facts, const char *name)
{
    const tb_device_fact *found = tb_device_facts_find(facts, name);
    return found != NULL ? found->min : 0;
}

/* The clock that /proc/cpuinfo states; 0 where it does not. */
static double stated_mhz(void)
{
    char text[64];
    double mhz = 0;
    bool found = tb_system_value("", "/proc/cpuinfo", "cpu MHz", text, sizeof text) &&
                 tb_text_double(text, &mhz);
    return found && mhz > 0 ? mhz : 0;
}

/* What one of several threads does of a core's rate: below 1 where two of them share a core. */
static double share_of(const tb_device_facts *facts, int threads)
{
    double pair = rate(facts, "second_thread_speedup");
    return threads > 1 && pair > 0 ? fmin(pair / TWO_THREADS, 1) : 1;
}

typedef struct entry {
    tb_device_key key;
    double value;
} entry;

static tb_status put_values(const tb_device_facts *facts, int threads, tb_device *device,
                            tb_error *err)
{
    double mhz = stated_mhz(), share = share_of(facts, threads);
    mhz = mhz > 0 ? mhz : UNREADABLE_MHZ;
    double hz = mhz * HZ_PER_MHZ, fma = rate(facts, "fma_flop_per_s") * share / hz;
    double l3 = rate(facts, "l3_bytes_per_s"), dram = rate(facts, "dram_bytes_per_s");
    const entry entries[] = {
        {TB_DEVICE_SM_COUNT, threads},
        {TB_DEVICE_CLOCK_BOOST_MHZ, mhz},
        {TB_DEVICE_FP32_FMA_LANES_PER_SM, fma / FLOP_PER_FMA},
        {TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM, fma},
        {TB_DEVICE_PEAK_FP32_TFLOPS, fma * hz * threads * 1e-12},
        {TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, rate(facts, "exp2_per_s") * share / hz},
        {TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM, rate(facts, "l1_bytes_per_s") * share / hz},
        {TB_DEVICE_SMEM_PER_SM_KIB, (double)facts->l2_bytes / BYTES_PER_KIB},
        {TB_DEVICE_L2_SIZE_MIB, (double)facts->l3_bytes / BYTES_PER_MIB},
        {TB_DEVICE_MEASURED_L2_READ_GB_PER_S, l3 * share * threads / BYTES_PER_GB},
        {TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
         (dram > 0 ? dram : l3) * share * threads / BYTES_PER_GB},
        {TB_DEVICE_MEASURED_LAUNCH_US, least(facts, START)},
        {TB_DEVICE_SUSTAINED_CLOCK_FRACTION, 1}, /* rates were measured under load */
    };
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof entries / sizeof *entries; i++) {
        if (entries[i].value > 0) {
            status = tb_device_put(device, entries[i].key, entries[i].value, TB_VALUE_KNOWN, err);
        }
    }
    return status;
}

static const char *keep(tb_device *device, const char *text, bool *failed)
{
    const char *kept = tb_arena_text(device->arena, text, strlen(text));
    *failed = *failed || kept == NULL;
    return kept;
}

static tb_status put_measured(const tb_device_facts *facts, tb_device *device, tb_error *err)
{
    tb_measured_fact *measured =
        tb_arena_array(device->arena, (size_t)facts->count + 1, sizeof *measured);
    bool failed = measured == NULL;
    for (int i = 0; !failed && i < facts->count; i++) {
        const tb_device_fact *from = &facts->fact[i];
        measured[i] = (tb_measured_fact){.name = keep(device, from->name, &failed),
                                         .median = from->median,
                                         .low = from->low,
                                         .high = from->high,
                                         .samples = from->samples,
                                         .method = keep(device, from->summary, &failed)};
    }
    device->measured = measured;
    device->measured_count = (size_t)facts->count;
    return failed ? no_memory(err) : TB_OK;
}

static tb_status put_texts(const tb_device_facts *facts, int threads, tb_device *device,
                           tb_error *err)
{
    char text[256];
    bool failed = false;
    const char **notes = tb_arena_array(device->arena, 3, sizeof *notes);
    if (notes == NULL) {
        return no_memory(err);
    }
    (void)snprintf(text, sizeof text, "%s, %d thread%s, %s", facts->name, threads,
                   threads == 1 ? "" : "s", facts->isa);
    device->summary = keep(device, text, &failed);
    device->name = "host";
    device->is_cpu = true;
    device->dense_kernel = device->default_kernel = "cpu";
    notes[0] = "an SM is a thread of the processor; its rates are the best samples of one core, "
               "times what a second thread was measured to add where there are several";
    notes[1] =
        "l2_size_mib and measured_l2_read_gb_per_s are of the last cache, which threads share "
        "as a GPU's SMs share its L2; bandwidths are one core's times the threads";
    notes[2] = stated_mhz() > 0
                   ? "the clock is what the system states; rates per clock follow from "
                     "it, so that times do not depend on it"
                   : "the system states no clock: 1000 MHz stand in, on which no time "
                     "depends";
    device->notes = notes;
    device->note_count = 3;
    return failed ? no_memory(err) : TB_OK;
}

tb_status tb_host_device_create(const tb_device_facts *facts, int threads, tb_device **out,
                                tb_error *err)
{
    int used = threads > 0 ? threads : facts->cores;
    if (!(rate(facts, "fma_flop_per_s") > 0) || !(rate(facts, "exp2_per_s") > 0)) {
        return tb_fail(err, TB_EINVAL,
                       "the backend measured no rate of multiply-adds or "
                       "exponentials");
    }
    tb_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        return no_memory(err);
    }
    device->arena = tb_arena_create();
    tb_status status = device->arena == NULL ? no_memory(err) : put_texts(facts, used, device, err);
    if (status == TB_OK) {
        status = put_values(facts, used, device, err);
    }
    if (status == TB_OK) {
        status = put_measured(facts, device, err);
    }
    if (status != TB_OK) {
        tb_device_destroy(device);
        return status;
    }
    *out = device;
    return TB_OK;
}

void tb_host_facts_merge(tb_device_facts *facts, const tb_device_facts *again)
{
    for (int i = 0; i < facts->count; i++) {
        tb_device_fact *fact = &facts->fact[i];
        const tb_device_fact *other = tb_device_facts_find(again, fact->name);
        bool is_better = other != NULL && (strcmp(fact->name, START) == 0 ? other->min < fact->min
                                                                          : other->max > fact->max);
        if (is_better) {
            *fact = *other;
        }
    }
}
