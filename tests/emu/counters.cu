/* Accesses whose cost is known: lane l touches what `where[l]` says, `times` times. */
#define TB_THREADS 32
#include "ptx.h"

typedef struct tb_counted_params {
    unsigned char *memory; /* 8192 bytes */
    tb_u32 *out;
    const tb_i32 *where; /* bytes; -1: the lane takes no part */
    tb_i32 times;
} tb_counted_params;

#define TB_FILL                                                                                    \
    for (int i = tb_lane(); i < 2048; i += 32) {                                                   \
        ((tb_u32 *)shared)[i] = 0;                                                                 \
    }                                                                                              \
    tb_syncwarp()

/* Plain loads and stores of a type. */
#define TB_COUNTED(name, type)                                                                     \
    TB_KERNEL(global_load_##name, tb_counted_params)                                               \
    {                                                                                              \
        const int at = params.where[tb_lane()];                                                    \
        tb_u32 sum = 0;                                                                            \
        for (int i = 0; i < params.times && at >= 0; i++) {                                        \
            sum += (tb_u32) * (const volatile type *)(params.memory + at);                         \
        }                                                                                          \
        params.out[tb_lane()] = sum;                                                               \
    }                                                                                              \
    TB_KERNEL(global_store_##name, tb_counted_params)                                              \
    {                                                                                              \
        const int at = params.where[tb_lane()];                                                    \
        for (int i = 0; i < params.times && at >= 0; i++) {                                        \
            *(volatile type *)(params.memory + at) = (type)i;                                      \
        }                                                                                          \
    }                                                                                              \
    TB_KERNEL(shared_load_##name, tb_counted_params)                                               \
    {                                                                                              \
        TB_SHARED(shared);                                                                         \
        const int at = params.where[tb_lane()];                                                    \
        tb_u32 sum = 0;                                                                            \
        TB_FILL;                                                                                   \
        for (int i = 0; i < params.times && at >= 0; i++) {                                        \
            sum += (tb_u32) * (const volatile type *)(shared + at);                                \
        }                                                                                          \
        params.out[tb_lane()] = sum;                                                               \
    }                                                                                              \
    TB_KERNEL(shared_store_##name, tb_counted_params)                                              \
    {                                                                                              \
        TB_SHARED(shared);                                                                         \
        const int at = params.where[tb_lane()];                                                    \
        for (int i = 0; i < params.times && at >= 0; i++) {                                        \
            *(volatile type *)(shared + at) = (type)i;                                             \
        }                                                                                          \
    }

TB_COUNTED(2, tb_u16)
TB_COUNTED(4, tb_u32)
TB_COUNTED(8, tb_u64)

TB_KERNEL(global_load_16, tb_counted_params)
{
    const int at = params.where[tb_lane()];
    tb_u32 sum = 0;
    for (int i = 0; i < params.times && at >= 0; i++) {
        sum += tb_load16(params.memory + at).x;
    }
    params.out[tb_lane()] = sum;
}

TB_KERNEL(shared_load_16, tb_counted_params)
{
    TB_SHARED(shared);
    const int at = params.where[tb_lane()];
    tb_u32 sum = 0;
    TB_FILL;
    for (int i = 0; i < params.times && at >= 0; i++) {
        sum += tb_load_shared16(tb_shared_address(shared) + (tb_u32)at).x;
    }
    params.out[tb_lane()] = sum;
}

TB_KERNEL(matrix_load, tb_counted_params)
{
    TB_SHARED(shared);
    tb_u32 r[4] = {0, 0, 0, 0};
    const tb_u32 at = tb_shared_address(shared) + (tb_u32)params.where[tb_lane()];
    TB_FILL;
    for (int i = 0; i < params.times; i++) {
        tb_ldmatrix_x4(r, at);
    }
    params.out[tb_lane()] = r[0];
}

/* From the beginning of global memory on, densely, to where it says. */
TB_KERNEL(copy, tb_counted_params)
{
    TB_SHARED(shared);
    const int at = params.where[tb_lane()];
    for (int i = 0; i < params.times && at >= 0; i++) {
        tb_cp_async16(tb_shared_address(shared) + (tb_u32)at, params.memory + tb_lane() * 16, 16);
        tb_cp_async_commit();
        tb_cp_async_wait(0);
    }
}

/* The l-th lane goes round 1 + l % 4 times as often. */
TB_KERNEL(ragged, tb_counted_params)
{
    tb_u32 sum = 0;
    for (int i = 0; i < params.times * (1 + tb_lane() % 4); i++) {
        sum += ((const volatile tb_u32 *)params.memory)[tb_lane()];
    }
    params.out[tb_lane()] = sum;
}

/* Lanes of either half do something else, which a compiler cannot make one of. */
TB_KERNEL(branches, tb_counted_params)
{
    const volatile tb_u32 *words = (const volatile tb_u32 *)params.memory;
    tb_u32 sum = 0;
    for (int i = 0; i < params.times; i++) {
        if (tb_lane() < 16) {
            sum += words[tb_lane()];
        } else {
            sum += ((const volatile tb_u16 *)words)[16 * tb_lane()];
        }
    }
    params.out[tb_lane()] = sum;
}
