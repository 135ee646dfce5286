/* What the kernels with planted faults share; ptx.h comes before it. Compiled with -DTB_PLANTED
 * they have their faults, without it none. `in` is 250 words, all written; `out` as many, none of
 * them. The line that a fault must name says FAULT and the kernel's name; one that may be named
 * instead where threads run in another order says OTHER. */
#ifndef TB_FAULT_PARAMS_H
#define TB_FAULT_PARAMS_H

typedef struct tb_fault_params {
    tb_u32 *in, *out;
} tb_fault_params;

#ifdef TB_PLANTED
#define TB_IF_PLANTED(bad, good) (bad)
#define TB_WHERE_GOOD(statement)
#else
#define TB_IF_PLANTED(bad, good) (good)
#define TB_WHERE_GOOD(statement) statement
#endif

/* Use a value, so that the compiler cannot leave its load out. */
#define TB_KEEP(x) (params.out[tb_thread()] = (x))

#endif
