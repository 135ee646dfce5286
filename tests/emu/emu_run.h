/* Runs programs of kernels/cuda on the emulator, as the CUDA backend runs them on a GPU. */
#ifndef TB_EMU_RUN_H
#define TB_EMU_RUN_H

#include "cuda_program.h"
#include "emu.h"

/** The host twin of a variant, compiled once in a process for each source and set of options. */
TB_NODISCARD tb_status tb_emu_twin(const tb_cuda_variant *variant,
                                   void (**entry)(const void *params), tb_error *err);

/** Twins compiled so far. */
int tb_emu_twins(void);

/** A program with its buffers on the emulator. */
typedef struct tb_emu_program tb_emu_program;

/** `launch` is what the program was made of, and `tensors` its inputs; both are borrowed. */
TB_NODISCARD tb_status tb_emu_program_create(const tb_launch *launch,
                                             const tb_cuda_program *program,
                                             const tb_tensors *tensors, tb_emu_program **out,
                                             tb_error *err);
void tb_emu_program_destroy(tb_emu_program *program);

/** How to run it. */
typedef struct tb_emu_way {
    tb_emu_schedule schedule;
    uint64_t seed;
    int host_threads; /* 0 = all */
    bool is_mma_truncated, is_exp2_perturbed;
} tb_emu_way;

/** What the last run did, over all heads and batch entries. */
typedef struct tb_emu_did {
    tb_emu_counters by_stage[TB_CUDA_UNPERMUTE + 1]; /* sums over the steps of a stage */
    int64_t unmasked;        /* of query slots that hold a token, as far as the kernels count */
    const int64_t *by_entry; /* of head 0, batch entry 0, by entry of the launch's tile list; else
                                NULL; the program's own */
} tb_emu_did;

/** Run all steps. Outputs and scratch memory are uninitialised before; o and lse are copied to the
 *  tensors' after. */
TB_NODISCARD tb_status tb_emu_program_run(tb_emu_program *program, const tb_emu_way *way,
                                          const tb_tensors *outputs, tb_emu_did *did,
                                          tb_error *err);

#endif
