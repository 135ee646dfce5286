/* What a device is and can do, as measured on it: the rows of a device file. */
#ifndef TB_DEVICE_FACTS_H
#define TB_DEVICE_FACTS_H

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

#define TB_DEVICE_FACTS_MAX 24

typedef struct tb_device_facts {
    char name[96];    /* as the device names itself */
    char isa[16];     /* that the kernels use: avx512, avx2, neon, portable */
    int cores;        /* that a run may use */
    int vector_bits;  /* of the kernels' registers */
    int64_t l1_bytes; /* data caches; 0 = not known */
    int64_t l2_bytes;
    int64_t l3_bytes;
    int count; /* measured facts */
    tb_device_fact fact[TB_DEVICE_FACTS_MAX];
} tb_device_facts;

/** The fact of a name, or NULL. */
const tb_device_fact *tb_device_facts_find(const tb_device_facts *facts, const char *name);

/** Add what `count` samples say (they are sorted in place); asserts that there is room. */
void tb_device_facts_add(tb_device_facts *facts, const char *name, const char *summary,
                         double *samples, int count);

#endif
