/* A launch as a program for a GPU: buffers, and kernels in order. It knows no driver: the backend
 * (or, in tests, the emulator) allocates the buffers, uploads what is constant, and runs the steps.
 */
#ifndef TB_CUDA_PROGRAM_H
#define TB_CUDA_PROGRAM_H

#include "backend.h"
#include "cuda_variant.h"

typedef enum tb_cuda_role {
    TB_CUDA_Q, /* the launch's tensors */
    TB_CUDA_K,
    TB_CUDA_V,
    TB_CUDA_O,
    TB_CUDA_LSE,
    TB_CUDA_CONSTANT, /* `data`, uploaded once */
    TB_CUDA_SCRATCH   /* written before it is read */
} tb_cuda_role;

typedef struct tb_cuda_buffer {
    const char *name; /* for messages */
    tb_cuda_role role;
    int64_t bytes;
    const void *data; /* of constants, owned by the program */
} tb_cuda_buffer;

typedef enum tb_cuda_stage { TB_CUDA_PERMUTE, TB_CUDA_ATTENTION, TB_CUDA_UNPERMUTE } tb_cuda_stage;

/* A pointer of a step's parameter: the address of a buffer, at a byte of the struct. */
typedef struct tb_cuda_pointer {
    int at;
    int buffer;
} tb_cuda_pointer;

#define TB_CUDA_PARAMS_BYTES 512
#define TB_CUDA_POINTERS_MAX 32

typedef struct tb_cuda_step {
    const tb_cuda_variant *variant;
    tb_cuda_stage stage;
    int64_t grid[3];
    int params_bytes;
    unsigned char params[TB_CUDA_PARAMS_BYTES]; /* pointers null until tb_cuda_step_bind() */
    int pointers;
    tb_cuda_pointer pointer[TB_CUDA_POINTERS_MAX];
} tb_cuda_step;

typedef struct tb_cuda_program {
    int buffers;
    tb_cuda_buffer *buffer;
    int steps;
    tb_cuda_step *step;
    int64_t device_bytes; /* all buffers */
} tb_cuda_program;

/* What planning needs to know of a GPU. */
typedef struct tb_cuda_device {
    tb_cuda_arch arch; /* one of tb_cuda_arch: of a newer GPU the newest below it */
    int sms;           /* >= 1: how many parts a decode launch is split into */
} tb_cuda_device;

/**
 * Could a launch be planned for a GPU, its tile list not yet made? Sizes that only the list tells
 * are not looked at.
 *
 * @return TB_OK; as tb_cuda_program_create()
 */
TB_NODISCARD tb_status tb_cuda_program_check(const tb_launch *launch, const tb_cuda_device *device,
                                             tb_error *err);

/**
 * Plan a launch for a GPU.
 *
 * @param[in]  launch  one that passed the checks of tb_plan_create(), its tile list with it;
 *                     borrowed while the program lives
 * @param[in]  device  borrowed for the call
 * @param[out] out     to be freed with tb_cuda_program_destroy()
 * @return TB_OK; TB_EUNAVAILABLE with the reason for what no kernel of ours does, and what would
 *         do; TB_EOVERFLOW for sizes that the kernels' 32-bit numbers cannot hold; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_cuda_program_create(const tb_launch *launch, const tb_cuda_device *device,
                                              tb_cuda_program **out, tb_error *err);

/** Free a program and its constants; NULL is allowed. */
void tb_cuda_program_destroy(tb_cuda_program *program);

/** A step's parameter with the addresses of the program's buffers in it: params_bytes to `out`.
 *  The address of lse may be 0, no other. */
void tb_cuda_step_bind(const tb_cuda_step *step, const uint64_t *addresses, void *out);

#endif
