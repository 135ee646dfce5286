/* What a fused launch is prepared with; internal to kernels/cpu. */
#ifndef TB_CPU_FUSED_H
#define TB_CPU_FUSED_H

#include "cpu_permute.h"
#include "tile_mask.h"

/* What one thread works in. */
typedef struct tb_fused_thread {
    float *q, *s, *o, *m, *l; /* a query tile */
    float *k, *v;             /* a dynamic KV tile */
    float *room;              /* rows of bf16 widened */
    int64_t *q_rows, *kv_rows;
    tb_tile_masker *masker;
    double busy_us, own_us;
    int64_t visited, masked, unmasked;
} tb_fused_thread;

typedef struct tb_fused {
    int64_t rows;    /* |T| padded to panels */
    int64_t keys;    /* |U| padded to lanes */
    int64_t columns; /* dim_value padded to lanes */
    int64_t s_stride;
    bool is_dynamic;
    tb_slots q_slots, kv_slots; /* kv: static tiling */
    void *q, *k, *v, *o;        /* permuted tensors, where they are */
    float *lse;
    int64_t units, units_at_once; /* a unit: a KV head of a batch entry */
    float *packed_k, *packed_v;   /* of units_at_once */
    tb_fused_thread *threads;
    int64_t *by_entry;
} tb_fused;

/** tb_cpu_implementation.prepare and destroy of tb_cpu_fused. */
TB_NODISCARD tb_status tb_fused_prepare(tb_plan_state *state, tb_error *err);
void tb_fused_destroy(tb_plan_state *state);

#endif
