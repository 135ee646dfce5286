#include "gpu_device.h"

#include "arena.h"
#include "catalogue.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HZ_PER_MHZ      1e6
#define PER_TERA        1e12
#define PER_GIGA        1e9
#define BYTES_PER_KIB   1024.0
#define BYTES_PER_MIB   1048576.0
#define FLOP_PER_FMA    2.0
#define BITS_PER_BYTE   8.0
#define EDGES_PER_CLOCK 2.0 /* double data rate, as the driver's memory clock is meant */
#define WARP            32.0
#define DIGITS          5 /* of a value that was measured: what further ones say is noise */
#define KERNEL          "tilebound"
#define NAME            96

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a device");
}

/* 0 = not measured. */
static double median(const tb_device_facts *facts, const char *name)
{
    const tb_device_fact *found = tb_device_facts_find(facts, name);
    return found != NULL ? found->median : 0;
}

static double rounded(double value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.*g", DIGITS, value);
    return strtod(text, NULL);
}

/* "NVIDIA H100 80GB HBM3" is h100-80gb-hbm3. */
static void make_slug(const char *name, char slug[NAME])
{
    static const char maker[] = "nvidia-";
    size_t used = 0;
    for (; *name != '\0' && used + 1 < NAME; name++) {
        bool is_word = isalnum((unsigned char)*name);
        if (is_word || (used > 0 && slug[used - 1] != '-')) {
            slug[used++] = is_word ? (char)tolower((unsigned char)*name) : '-';
        }
    }
    used -= used > 0 && slug[used - 1] == '-';
    slug[used] = '\0';
    if (strncmp(slug, maker, strlen(maker)) == 0) {
        memmove(slug, slug + strlen(maker), used - strlen(maker) + 1);
    }
}

/* The known device, or NULL. */
static tb_status find_base(const char *slug, tb_device **out, tb_error *err)
{
    tb_error inner = {0};
    tb_status status = tb_device_load(slug, out, &inner);
    if (status == TB_EINVAL) { /* none has the name */
        *out = NULL;
        return TB_OK;
    }
    return status == TB_OK
               ? TB_OK
               : tb_fail_at(err, status, inner.file, inner.line, inner.column, "%s", inner.message);
}

tb_status tb_gpu_device_find(const char *driver_name, tb_device **out, tb_error *err)
{
    char slug[NAME];
    make_slug(driver_name, slug);
    return find_base(slug, out, err);
}

static double of_base(const tb_device *base, tb_device_key key)
{
    return base != NULL ? tb_device_get(base, key, 0) : 0;
}

/* What the base's values say of a fact, in its unit; 0 = nothing. */
static double published(const char *fact, const tb_device *base)
{
    double sms = of_base(base, TB_DEVICE_SM_COUNT);
    double all_hz = sms * of_base(base, TB_DEVICE_CLOCK_BOOST_MHZ) * HZ_PER_MHZ;
    double memory = of_base(base, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S) * PER_GIGA;
    double ex2 = of_base(base, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM);
    double lanes = of_base(base, TB_DEVICE_FP32_FMA_LANES_PER_SM);
    double smem = of_base(base, TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM);
    const struct {
        const char *fact;
        double value;
    } known[] = {
        {"mma_bf16_flop_per_s", of_base(base, TB_DEVICE_PEAK_FP16_TFLOPS) * PER_TERA},
        {"mma_fp16_flop_per_s", of_base(base, TB_DEVICE_PEAK_FP16_TFLOPS) * PER_TERA},
        {"mma_bf16_flop_per_clk_per_sm", of_base(base, TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM)},
        {"exp2_per_s", ex2 * all_hz},
        {"exp2_per_clk_per_sm", ex2},
        {"fma_flop_per_s", of_base(base, TB_DEVICE_PEAK_FP32_TFLOPS) * PER_TERA},
        {"fma_flop_per_clk_per_sm", lanes * FLOP_PER_FMA},
        {"shared_read_bytes_per_s", smem * all_hz},
        {"shared_read_bytes_per_clk_per_sm", smem},
        {"l2_read_bytes_per_s", of_base(base, TB_DEVICE_MEASURED_L2_READ_GB_PER_S) * PER_GIGA},
        {"hbm_read_bytes_per_s", memory},
        {"hbm_copy_bytes_per_s", memory},
        {"empty_kernel_us", of_base(base, TB_DEVICE_MEASURED_LAUNCH_US)},
        {"clock_mhz", of_base(base, TB_DEVICE_CLOCK_BOOST_MHZ)},
        {"sustained_clock_fraction", of_base(base, TB_DEVICE_SUSTAINED_CLOCK_FRACTION)},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].fact, fact) == 0) {
            return known[i].value;
        }
    }
    return 0;
}

static tb_status put_measured_values(const tb_device_facts *facts, const tb_device *base,
                                     tb_device *device, tb_error *err)
{
    const tb_gpu_facts *gpu = &facts->gpu;
    double mma = median(facts, "mma_bf16_flop_per_clk_per_sm");
    double tensor = of_base(base, TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM);
    double memory = gpu->memory_clock_mhz * HZ_PER_MHZ * EDGES_PER_CLOCK * gpu->memory_bus_bits /
                    BITS_PER_BYTE / PER_GIGA;
    double nominal = of_base(base, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S);
    tensor = tensor > 0 ? tensor : rounded(mma);
    const struct {
        tb_device_key key;
        double value;
    } entries[] = {
        {TB_DEVICE_SM_COUNT, facts->cores},
        {TB_DEVICE_CLOCK_BOOST_MHZ, median(facts, "clock_mhz")},
        {TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM, tensor},
        {TB_DEVICE_MMA_SYNC_FRACTION, fmin(mma / tensor, 1)},
        {TB_DEVICE_FP32_FMA_LANES_PER_SM, median(facts, "fma_flop_per_clk_per_sm") / FLOP_PER_FMA},
        {TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, median(facts, "exp2_per_clk_per_sm")},
        {TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM,
         median(facts, "shared_read_bytes_per_clk_per_sm")},
        {TB_DEVICE_MEASURED_L2_READ_GB_PER_S, median(facts, "l2_read_bytes_per_s") / PER_GIGA},
        {TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S, median(facts, "hbm_read_bytes_per_s") / PER_GIGA},
        {TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, nominal > 0 ? nominal : memory},
        {TB_DEVICE_MEASURED_LAUNCH_US, median(facts, "empty_kernel_us")},
        {TB_DEVICE_SUSTAINED_CLOCK_FRACTION, median(facts, "sustained_clock_fraction")},
        {TB_DEVICE_L2_SIZE_MIB, (double)facts->l2_bytes / BYTES_PER_MIB},
        {TB_DEVICE_SMEM_PER_SM_KIB, (double)gpu->shared_bytes_per_sm / BYTES_PER_KIB},
        {TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB, (double)gpu->shared_bytes_per_cta / BYTES_PER_KIB},
        {TB_DEVICE_REGISTERS_PER_SM, (double)gpu->registers_per_sm},
        {TB_DEVICE_MAX_WARPS_PER_SM, (double)gpu->threads_per_sm / WARP},
        {TB_DEVICE_TDP_W, gpu->power_limit_w},
    };
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof entries / sizeof *entries; i++) {
        if (entries[i].value > 0) {
            status = tb_device_put(device, entries[i].key, rounded(entries[i].value),
                                   TB_VALUE_KNOWN, err);
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

/* What was not measured. The nominal bandwidth and tensor rate are the base's too. */
static tb_status take_from_base(const tb_device *base, tb_device *device, tb_error *err)
{
    const char **names = tb_arena_array(device->arena, TB_DEVICE_KEY_COUNT, sizeof *names);
    bool failed = names == NULL;
    for (int key = 0; !failed && key < TB_DEVICE_KEY_COUNT; key++) {
        bool is_nominal = key == TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S ||
                          key == TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM;
        bool is_open = device->values[key].origin == TB_VALUE_UNKNOWN;
        if (base->values[key].origin == TB_VALUE_UNKNOWN || (!is_open && !is_nominal)) {
            continue;
        }
        device->values[key] = base->values[key];
        if (base->values[key].why != NULL) {
            device->values[key].why = keep(device, base->values[key].why, &failed);
        }
        names[device->from_base_count++] = tb_device_value_names[key];
    }
    device->from_base = names;
    return failed ? no_memory(err) : TB_OK;
}

/* What belongs to a compute capability, whatever the GPU: of any known device that has it. */
static tb_status take_from_sibling(const tb_device *sibling, tb_device *device, tb_error *err)
{
    static const tb_device_key keys[] = {
        TB_DEVICE_MAX_BLOCKS_PER_SM,
        TB_DEVICE_SMEM_ALLOC_GRANULARITY_BYTES,
        TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES,
        TB_DEVICE_REGISTER_ALLOC_GRANULARITY_REGS_PER_WARP,
        TB_DEVICE_MAX_REGISTERS_PER_THREAD,
        TB_DEVICE_SUB_PARTITIONS_PER_SM,
    };
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof keys / sizeof *keys; i++) {
        double value = tb_device_get(sibling, keys[i], 0);
        if (value > 0) {
            status = tb_device_put(device, keys[i], value, TB_VALUE_KNOWN, err);
        }
    }
    return status;
}

/* A known device of the same compute capability, or NULL. */
static tb_status find_sibling(const tb_device *device, tb_device **out, tb_error *err)
{
    const char *const *names = NULL;
    size_t count = 0;
    *out = NULL;
    tb_status status = tb_catalogue_names(TB_CATALOGUE_DEVICE, device->arena, &names, &count, err);
    for (size_t i = 0; status == TB_OK && *out == NULL && i < count; i++) {
        status = tb_device_load(names[i], out, err);
        if (status == TB_OK && (*out)->compute_capability != device->compute_capability) {
            tb_device_destroy(*out);
            *out = NULL;
        }
    }
    return status;
}

static tb_status take_architecture(tb_device *device, tb_error *err)
{
    tb_device *sibling = NULL;
    tb_status status = find_sibling(device, &sibling, err);
    if (status == TB_OK && sibling != NULL) {
        status = take_from_sibling(sibling, device, err);
    }
    tb_device_destroy(sibling);
    return status;
}

static tb_status put_facts(const tb_device_facts *facts, const tb_device *base, tb_device *device,
                           tb_error *err)
{
    tb_measured_fact *measured =
        tb_arena_array(device->arena, (size_t)facts->count + 1, sizeof *measured);
    bool failed = measured == NULL;
    for (int i = 0; !failed && i < facts->count; i++) {
        const tb_device_fact *from = &facts->fact[i];
        measured[i] = (tb_measured_fact){.name = keep(device, from->name, &failed),
                                         .median = rounded(from->median),
                                         .low = rounded(from->low),
                                         .high = rounded(from->high),
                                         .samples = from->samples,
                                         .method = keep(device, from->summary, &failed),
                                         .published = rounded(published(from->name, base))};
    }
    device->measured = measured;
    device->measured_count = (size_t)facts->count;
    return failed ? no_memory(err) : TB_OK;
}

static tb_status put_notes(const tb_device_facts *facts, const tb_device *base, tb_device *device,
                           tb_error *err)
{
    bool failed = false;
    const char **notes = tb_arena_array(device->arena, 3, sizeof *notes);
    if (notes == NULL) {
        return no_memory(err);
    }
    size_t count = 0;
    notes[count++] =
        base != NULL
            ? "mma_sync_fraction is the measured rate of mma.sync over the base's tensor rate; "
              "what from_base names was not measured, but is the base's, as are the sources"
            : "no known device has this GPU's name: mma.sync's measured rate stands for the "
              "tensor rate; limits of an SM that belong to the compute capability are those of a "
              "known device that has it; what else was not measured is not known";
    if (facts->gpu.is_by_events) {
        notes[count++] = "timed by CUDA events, not by CUPTI: a few microseconds of each launch "
                         "are in the times";
    }
    if (facts->gpu.is_emulated) {
        notes[count++] = "emulated: nothing here was measured on a GPU";
    }
    device->notes = notes;
    device->note_count = count;
    if (base == NULL) {
        return TB_OK;
    }
    const char **sources = tb_arena_array(device->arena, base->source_count + 1, sizeof *sources);
    if (sources == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < base->source_count; i++) {
        sources[i] = keep(device, base->sources[i], &failed);
    }
    device->sources = sources;
    device->source_count = base->source_count;
    return failed ? no_memory(err) : TB_OK;
}

static tb_status put_names(const tb_device_facts *facts, const tb_device *base, const char *slug,
                           tb_device *device, tb_error *err)
{
    const tb_gpu_facts *gpu = &facts->gpu;
    char name[NAME + 16], summary[320];
    bool failed = false;
    (void)snprintf(name, sizeof name, "%s-measured", base != NULL ? base->name : slug);
    (void)snprintf(summary, sizeof summary, "%s%s, %s, measured by tilebound (driver %s, CUDA %s)",
                   gpu->is_emulated ? "emulated " : "", facts->name, gpu->uuid,
                   gpu->driver[0] != '\0' ? gpu->driver : "not known", gpu->cuda);
    device->name = keep(device, name, &failed);
    device->summary = keep(device, summary, &failed);
    device->base = base != NULL ? keep(device, base->name, &failed) : NULL;
    device->dense_kernel = device->default_kernel = KERNEL;
    device->compute_capability = gpu->compute_capability;
    device->is_emulated = gpu->is_emulated;
    return failed ? no_memory(err) : TB_OK;
}

static tb_status check_facts(const tb_device_facts *facts, tb_error *err)
{
    static const char *const needed[] = {
        "mma_bf16_flop_per_clk_per_sm",     "fma_flop_per_clk_per_sm", "exp2_per_clk_per_sm",
        "shared_read_bytes_per_clk_per_sm", "hbm_read_bytes_per_s",    "clock_mhz"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!(median(facts, needed[i]) > 0)) {
            return tb_fail(err, TB_EINVAL, "the backend measured no %s", needed[i]);
        }
    }
    return TB_OK;
}

static tb_status fill(const tb_device_facts *facts, const tb_device *base, const char *slug,
                      tb_device *device, tb_error *err)
{
    tb_status status = put_names(facts, base, slug, device, err);
    if (status == TB_OK) {
        status = put_measured_values(facts, base, device, err);
    }
    if (status == TB_OK) {
        status = base != NULL ? take_from_base(base, device, err) : take_architecture(device, err);
    }
    if (status == TB_OK) {
        status = put_facts(facts, base, device, err);
    }
    return status == TB_OK ? put_notes(facts, base, device, err) : status;
}

tb_status tb_gpu_device_create(const tb_device_facts *facts, tb_device **out, tb_error *err)
{
    char slug[NAME];
    tb_device *base = NULL;
    tb_status status = check_facts(facts, err);
    if (status != TB_OK) {
        return status;
    }
    make_slug(facts->name, slug);
    status = find_base(slug, &base, err);
    if (status != TB_OK) {
        return status;
    }
    tb_device *device = calloc(1, sizeof *device);
    if (device != NULL) {
        device->arena = tb_arena_create();
    }
    status = device == NULL || device->arena == NULL ? no_memory(err)
                                                     : fill(facts, base, slug, device, err);
    tb_device_destroy(base);
    if (status != TB_OK) {
        tb_device_destroy(device);
        return status;
    }
    *out = device;
    return TB_OK;
}
