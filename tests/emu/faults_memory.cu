/* Planted faults of one access: out of bounds, misaligned, uninitialised. See fault_params.h. */
#define TB_THREADS 64
#include "ptx.h"
#include TB_FAULT_PARAMS

/* ---- out of bounds ---- */

TB_KERNEL(bounds_read, tb_fault_params)
{
    if (tb_thread() == 7) {
        TB_KEEP(params.in[TB_IF_PLANTED(250, 249)]); /* FAULT bounds_read */
    }
}

TB_KERNEL(bounds_write, tb_fault_params)
{
    if (tb_thread() == 40) {
        params.out[TB_IF_PLANTED(250, 249)] = 1; /* FAULT bounds_write */
    }
}

TB_KERNEL(bounds_before, tb_fault_params)
{
    if (tb_thread() == 0) {
        TB_KEEP(params.in[TB_IF_PLANTED(-1, 0)]); /* FAULT bounds_before */
    }
}

/* 1000 bytes are not a multiple of 16: the last vector does not fit. */
TB_KERNEL(bounds_vector, tb_fault_params)
{
    const int at = tb_thread() * 4;
    if (at < TB_IF_PLANTED(250, 247)) {
        TB_KEEP(tb_load16(params.in + at).x); /* FAULT bounds_vector */
    }
}

/* A row too many of a matrix of rows of 16 bytes. */
TB_KERNEL(bounds_copy, tb_fault_params)
{
    TB_SHARED(memory);
    const int is_in = TB_IF_PLANTED(1, tb_thread() < 62);
    const tb_u32 to = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(to, params.in + tb_thread() * 4, is_in ? 16 : 0); /* FAULT bounds_copy */
    tb_cp_async_commit();
    tb_cp_async_wait(0);
}

TB_KERNEL(bounds_copy_to, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 to = tb_shared_address(memory) + (tb_u32)tb_thread() * TB_IF_PLANTED(80, 48);
    tb_cp_async16(to, params.in, 16); /* FAULT bounds_copy_to */
    tb_cp_async_commit();
    tb_cp_async_wait(0);
}

TB_KERNEL(bounds_shared, tb_fault_params)
{
    TB_SHARED(memory);
    memory[TB_IF_PLANTED(4033, 4032) + tb_thread()] = 1; /* FAULT bounds_shared */
}

TB_KERNEL(bounds_shared_store, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = (tb_u32)tb_thread() * TB_IF_PLANTED(68, 64);
    tb_store_shared4(tb_shared_address(memory) + at, 1); /* FAULT bounds_shared_store */
}

/* A shared address that is taken for the offset in shared memory. */
TB_KERNEL(bounds_shared_base, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 base = TB_IF_PLANTED(0, tb_shared_address(memory));
    tb_store_shared4(base + (tb_u32)tb_thread() * 4, 1); /* FAULT bounds_shared_base */
}

TB_KERNEL(bounds_ldmatrix, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 r[4], row = (tb_u32)tb_lane() * 16;
    for (int i = tb_thread(); i < 1024; i += TB_THREADS) {
        ((tb_u32 *)memory)[i] = 0;
    }
    tb_syncthreads();
    row = TB_IF_PLANTED(1, 0) && tb_thread() == 45 ? 4096 : row;
    tb_ldmatrix_x4(r, tb_shared_address(memory) + row); /* FAULT bounds_ldmatrix */
    TB_KEEP(r[0]);
}

TB_KERNEL(bounds_null, tb_fault_params)
{
    const volatile tb_u64 null = 0; /* that the compiler does not see it */
    const tb_u32 *from = TB_IF_PLANTED((const tb_u32 *)null, params.in);
    TB_KEEP(from[tb_thread()]); /* FAULT bounds_null */
}

/* A pointer to a thread's own variable is of no use to another thread. */
TB_KERNEL(bounds_stack, tb_fault_params)
{
    TB_SHARED(memory);
    volatile tb_u32 mine[4] = {1, 2, 3, 4};
    volatile tb_u32 **pointers = (volatile tb_u32 **)memory;
    pointers[tb_thread()] = mine;
    tb_syncthreads();
    TB_KEEP(pointers[TB_IF_PLANTED(tb_thread() ^ 1, tb_thread())][2]); /* FAULT bounds_stack */
    tb_syncthreads();
}

TB_KERNEL(bounds_address, tb_fault_params)
{
    TB_SHARED(memory);
    const void *of = TB_IF_PLANTED((const void *)params.in, (const void *)memory);
    TB_KEEP(tb_shared_address(of)); /* FAULT bounds_address */
}

TB_KERNEL(bounds_atomic, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *at = TB_IF_PLANTED((tb_u32 *)memory, params.in);
    TB_KEEP(tb_atomic_add(at, 1)); /* FAULT bounds_atomic */
}

/* Constants of the kernel are there to read. */
TB_KERNEL(bounds_constant, tb_fault_params)
{
    static const tb_u32 table[4] = {5, 6, 7, 8};
    const tb_u32 *volatile hidden = table;
    tb_u32 *at = (tb_u32 *)hidden + (tb_thread() & 3);
    TB_KEEP(*at);
    if (TB_IF_PLANTED(1, 0)) {
        *at = 1; /* FAULT bounds_constant */
    }
}

/* ---- misaligned ---- */

TB_KERNEL(aligned_read, tb_fault_params)
{
    const unsigned char *bytes = (const unsigned char *)params.in + TB_IF_PLANTED(2, 4);
    TB_KEEP(*(const tb_u32 *)bytes); /* FAULT aligned_read */
}

TB_KERNEL(aligned_wide, tb_fault_params)
{
    const tb_u32 *words = params.in + TB_IF_PLANTED(1, 2);
    TB_KEEP((tb_u32)(*(const volatile tb_u64 *)words >> 16)); /* FAULT aligned_wide */
}

TB_KERNEL(aligned_half, tb_fault_params)
{
    TB_SHARED(memory);
    unsigned char *at = memory + tb_thread() * 4 + TB_IF_PLANTED(tb_thread() == 5, 0);
    *(tb_u16 *)at = 1; /* FAULT aligned_half */
}

TB_KERNEL(aligned_load16, tb_fault_params)
{
    TB_KEEP(tb_load16(params.in + TB_IF_PLANTED(2, 4)).y); /* FAULT aligned_load16 */
}

TB_KERNEL(aligned_store16, tb_fault_params)
{
    const tb_u4 v = {1, 2, 3, 4};
    if (tb_thread() < 60) {
        tb_store16(params.out + tb_thread() * TB_IF_PLANTED(1, 4), v); /* FAULT aligned_store16 */
    }
}

TB_KERNEL(aligned_copy_from, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 to = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(to, params.in + TB_IF_PLANTED(2, 4), 16); /* FAULT aligned_copy_from */
    tb_cp_async_commit();
    tb_cp_async_wait(0);
}

TB_KERNEL(aligned_copy_to, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 to = tb_shared_address(memory) + (tb_u32)tb_thread() * TB_IF_PLANTED(8, 16);
    tb_cp_async16(to, params.in, 16); /* FAULT aligned_copy_to */
    tb_cp_async_commit();
    tb_cp_async_wait(0);
}

TB_KERNEL(aligned_ldmatrix, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 r[4], row = (tb_u32)tb_lane() * TB_IF_PLANTED(40, 48);
    for (int i = tb_thread(); i < 1024; i += TB_THREADS) {
        ((tb_u32 *)memory)[i] = 0;
    }
    tb_syncthreads();
    tb_ldmatrix_x4_trans(r, tb_shared_address(memory) + row); /* FAULT aligned_ldmatrix */
    TB_KEEP(r[0]);
}

TB_KERNEL(aligned_shared4, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * TB_IF_PLANTED(6, 8);
    tb_store_shared4(at, 1); /* FAULT aligned_shared4 */
}

TB_KERNEL(aligned_shared16, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u4 v = {1, 2, 3, 4};
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * TB_IF_PLANTED(20, 16);
    tb_store_shared16(at, v); /* FAULT aligned_shared16 */
}

TB_KERNEL(aligned_atomic, tb_fault_params)
{
    unsigned char *bytes = (unsigned char *)params.in + TB_IF_PLANTED(6, 8);
    TB_KEEP(tb_atomic_add((tb_u32 *)bytes, 1)); /* FAULT aligned_atomic */
}

/* ---- uninitialised ---- */

TB_KERNEL(unset_shared, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    words[tb_thread()] = 3;
    TB_KEEP(words[tb_thread() + TB_IF_PLANTED(64, 0)]); /* FAULT unset_shared */
}

TB_KERNEL(unset_global, tb_fault_params)
{
    const tb_u32 *from = TB_IF_PLANTED(params.out + 64, params.in);
    TB_KEEP(from[tb_thread()]); /* FAULT unset_global */
}

TB_KERNEL(unset_copy, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 to = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    const tb_u32 *from = TB_IF_PLANTED(params.out, params.in);
    tb_cp_async16(to, from, 16); /* FAULT unset_copy */
    tb_cp_async_commit();
    tb_cp_async_wait(0);
}

/* One row of the tile is not there. */
TB_KERNEL(unset_ldmatrix, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 r[4];
    const tb_u4 v = {1, 2, 3, 4};
    const tb_u32 row = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    if (TB_IF_PLANTED(tb_thread() != 9, 1)) {
        tb_store_shared16(row, v);
    }
    tb_syncthreads();
    tb_ldmatrix_x4(r, row); /* FAULT unset_ldmatrix */
    TB_KEEP(r[0]);
}

TB_KERNEL(unset_half, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u16 *halves = (tb_u16 *)memory;
    halves[tb_thread() * 2] = 1;
    TB_WHERE_GOOD(halves[tb_thread() * 2 + 1] = 2);
    TB_KEEP(tb_load_shared4(tb_shared_address(halves + tb_thread() * 2))); /* FAULT unset_half */
}

TB_KERNEL(unset_byte, tb_fault_params)
{
    TB_SHARED(memory);
    const int at = tb_thread() * 16;
    for (int i = 0; i < 16; i++) {
        if (TB_IF_PLANTED(tb_thread() != 50 || i != 11, 1)) {
            memory[at + i] = (unsigned char)i;
        }
    }
    TB_KEEP(tb_load16(memory + at).z); /* FAULT unset_byte */
}

TB_KERNEL(unset_atomic, tb_fault_params)
{
    TB_KEEP(tb_atomic_add(TB_IF_PLANTED(params.out + 100, params.in), 1)); /* FAULT unset_atomic */
}

/* Shared memory does not outlive its CTA. */
TB_KERNEL(unset_next_cta, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    if (TB_IF_PLANTED(tb_cta_x() == 0, 1)) {
        words[tb_thread()] = 3;
    }
    params.out[tb_cta_x() * 64 + tb_thread()] = words[tb_thread()]; /* FAULT unset_next_cta */
}
