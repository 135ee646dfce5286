/* What a device is and can do, as measured on it: the rows of a device file. */
#ifndef TB_DEVICE_FACTS_H
#define TB_DEVICE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/** One measured quantity. */
typedef struct tb_device_fact {
    const char *name;    /* with its unit: "fma_flop_per_s" */
    const char *summary; /* one line */
    double median;
    double low, high; /* quartiles of the samples */
    double min, max;
    int samples;
} tb_device_fact;

/** What a GPU's driver and tools tell of it; 0 or "" where they do not. */
typedef struct tb_gpu_facts {
    int compute_capability; /* 90; 0 = no GPU, and all else is unset */
    int64_t memory_bytes;
    int64_t shared_bytes_per_sm, shared_bytes_per_cta, registers_per_sm, threads_per_sm;
    double clock_mhz, memory_clock_mhz; /* the highest */
    int memory_bus_bits;
    double power_limit_w;
    char uuid[48];
    char driver[80];   /* version */
    char cuda[16];     /* version that the driver speaks: "13.0" */
    char compiler[48]; /* "NVRTC 13.0" */
    bool is_by_events; /* what was measured was timed by CUDA events: with what lies between them */
    bool is_emulated;
} tb_gpu_facts;

#define TB_DEVICE_FACTS_MAX 24

typedef struct tb_device_facts {
    char name[96];    /* as the device names itself */
    char isa[16];     /* that the kernels use: avx512, avx2, neon, portable */
    int cores;        /* that a run may use; of a GPU its SMs */
    int vector_bits;  /* of the kernels' registers */
    int64_t l1_bytes; /* data caches; 0 = not known */
    int64_t l2_bytes;
    int64_t l3_bytes;
    tb_gpu_facts gpu;
    int count; /* measured facts */
    tb_device_fact fact[TB_DEVICE_FACTS_MAX];
} tb_device_facts;

/** The fact of a name, or NULL. */
const tb_device_fact *tb_device_facts_find(const tb_device_facts *facts, const char *name);

/** Add what `count` samples say (they are sorted in place); asserts that there is room. */
void tb_device_facts_add(tb_device_facts *facts, const char *name, const char *summary,
                         double *samples, int count);

#endif
