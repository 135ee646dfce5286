/* Devices: what a GPU is and can do. Data in devices/; a value is known, assumed (and marked), set
 * by the user, or unknown. */
#ifndef TB_DEVICE_H
#define TB_DEVICE_H

#include "status.h"

#include "yaml_doc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Values of a device; units are in the names (tb_device_value_names). */
typedef enum tb_device_key {
    TB_DEVICE_SM_COUNT,
    TB_DEVICE_CLOCK_BOOST_MHZ,
    TB_DEVICE_CLOCK_BASE_MHZ,
    TB_DEVICE_CLOCK_TENSOR_PEAK_MHZ,
    TB_DEVICE_PEAK_FP16_TFLOPS,
    TB_DEVICE_PEAK_TF32_TFLOPS,
    TB_DEVICE_PEAK_FP8_TFLOPS,
    TB_DEVICE_PEAK_INT8_TOPS,
    TB_DEVICE_PEAK_FP4_TFLOPS,
    TB_DEVICE_PEAK_FP32_TFLOPS,
    TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM,
    TB_DEVICE_TENSOR_TF32_FLOP_PER_CLK_PER_SM,
    TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM,
    TB_DEVICE_TENSOR_INT8_OP_PER_CLK_PER_SM,
    TB_DEVICE_TENSOR_FP4_FLOP_PER_CLK_PER_SM,
    TB_DEVICE_FP32_FMA_LANES_PER_SM,
    TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM,
    TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM,
    TB_DEVICE_TMEM_PER_SM_KIB,
    TB_DEVICE_MEMORY_SIZE_GB,
    TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
    TB_DEVICE_L2_SIZE_MIB,
    TB_DEVICE_TDP_W,
    TB_DEVICE_NVLINK_TOTAL_BIDIR_GB_PER_S,
    TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S,
    TB_DEVICE_MEASURED_L2_READ_GB_PER_S,
    TB_DEVICE_MEASURED_GEMM_BF16_TFLOPS,
    TB_DEVICE_MEASURED_GEMM_FP8_TFLOPS,
    TB_DEVICE_SMEM_PER_SM_KIB,
    TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB,
    TB_DEVICE_MAX_WARPS_PER_SM,
    TB_DEVICE_MAX_BLOCKS_PER_SM,
    TB_DEVICE_SMEM_ALLOC_GRANULARITY_BYTES,
    TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES,
    TB_DEVICE_REGISTERS_PER_SM,
    TB_DEVICE_REGISTER_ALLOC_GRANULARITY_REGS_PER_WARP,
    TB_DEVICE_MAX_REGISTERS_PER_THREAD,
    TB_DEVICE_SUB_PARTITIONS_PER_SM,
    TB_DEVICE_EX2_FMA_FRACTION,
    TB_DEVICE_MEASURED_LAUNCH_US,
    TB_DEVICE_SUSTAINED_CLOCK_FRACTION,
    TB_DEVICE_PCIE_GB_PER_S,
    TB_DEVICE_MMA_SYNC_FRACTION,
    TB_DEVICE_KEY_COUNT
} tb_device_key;

/** Names as in the files, in the order of tb_device_key. */
extern const char *const tb_device_value_names[TB_DEVICE_KEY_COUNT];

typedef enum tb_value_origin {
    TB_VALUE_UNKNOWN,
    TB_VALUE_KNOWN,   /* from a source */
    TB_VALUE_ASSUMED, /* filled without a source: outputs that rest on it say so */
    TB_VALUE_SET      /* by the user (--set) */
} tb_value_origin;

typedef struct tb_device_value {
    tb_value_origin origin;
    double value;
    const char *why; /* of an assumed value; else NULL */
} tb_device_value;

/** What a microbenchmark gave; the device's values rest on it. */
typedef struct tb_measured_fact {
    const char *name; /* with its unit */
    double median;
    double low, high;   /* quartiles; both the median where the file does not say */
    int64_t samples;    /* 0 = not said */
    const char *method; /* or NULL */
    double published;   /* of the base device, in the fact's unit; 0 = not known */
} tb_measured_fact;

typedef struct tb_device {
    const char *name;
    const char *summary;
    const char *dense_kernel;     /* kernel that its dense baseline runs, or NULL */
    const char *default_kernel;   /* kernel where none is named, or NULL */
    const char *like;             /* device whose values were taken over, or NULL */
    const char *base;             /* known device that this one was measured to be, or NULL */
    const char *const *from_base; /* names of values that could not be measured: the base's */
    size_t from_base_count;
    bool is_emulated; /* measured on the tests' emulated GPU: it says nothing of a real one */
    const char *const *aliases;
    size_t alias_count;
    int64_t compute_capability; /* 90 = 9.0; 0 = not an NVIDIA GPU */
    bool is_cpu;                /* a processor, whose SMs are its threads */
    tb_device_value values[TB_DEVICE_KEY_COUNT];
    const char *const *notes;
    size_t note_count;
    const char *const *doubtful;
    size_t doubtful_count;
    const char *const *sources;
    size_t source_count;
    const tb_measured_fact *measured;
    size_t measured_count;
    struct tb_yaml *file;   /* owned; NULL for a part of another document */
    struct tb_arena *arena; /* owned */
} tb_device;

/**
 * Load a device by known name, alias or path.
 *
 * @param[out] out  to be freed with tb_device_destroy()
 * @return TB_OK; TB_EINVAL for an unknown name, naming the nearest; TB_EFILE with the position;
 * TB_ENOMEM
 */
TB_NODISCARD tb_status tb_device_load(const char *name, tb_device **out, tb_error *err);

/**
 * Read a device from a mapping within another document, which must outlive it: the keys of a device
 * file, without its schema.
 *
 * @param[out] out  to be freed with tb_device_destroy()
 * @return TB_OK; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_device_read(const tb_yaml_node *node, tb_device **out, tb_error *err);

/** Free a device; NULL is allowed. */
void tb_device_destroy(tb_device *device);

/** Is `name` the device's name, or one of its aliases? */
bool tb_device_is_named(const tb_device *device, const char *name);

/** Give a value its number. TB_OK; TB_EINVAL, saying what it can be, for one out of range. */
TB_NODISCARD tb_status tb_device_put(tb_device *device, tb_device_key key, double value,
                                     tb_value_origin origin, tb_error *err);

/** Override a value by "key=number". TB_OK; TB_EINVAL for an unknown key or a number out of
 * range. */
TB_NODISCARD tb_status tb_device_set(tb_device *device, const char *assignment, tb_error *err);

/** The value of a key. TB_OK; TB_EINVAL when it is unknown, saying how to give it. */
TB_NODISCARD tb_status tb_device_need(const tb_device *device, tb_device_key key, double *out,
                                      tb_error *err);

/** The value of a key, or `otherwise` when it is unknown. */
double tb_device_get(const tb_device *device, tb_device_key key, double otherwise);

#endif
