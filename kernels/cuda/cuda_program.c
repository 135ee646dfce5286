/* What a launch needs of device memory, and the implementations that plan it. */
#include "backend_types.h"
#include "checked.h"
#include "cuda_program_parts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LOG2_E 1.44269504088896340736

#define BUFFERS_MAX 48

static const struct implementation {
    tb_cuda_plan_fn *plan;
} implementations[TB_IMPLEMENTATION_COUNT] = {
    [TB_IMPLEMENTATION_FUSED] = {tb_cuda_plan_fused},
    [TB_IMPLEMENTATION_NAIVE] = {tb_cuda_plan_naive},
    [TB_IMPLEMENTATION_UNFUSED] = {tb_cuda_plan_unfused},
    [TB_IMPLEMENTATION_DECODE] = {tb_cuda_plan_decode},
};

tb_status tb_cuda_fits(int64_t value, int64_t limit, const char *what, tb_error *err)
{
    if (value >= 0 && value <= limit) {
        return TB_OK;
    }
    return tb_fail(err, TB_EOVERFLOW,
                   "%lld %s; a CUDA kernel of ours takes at most %lld, make the problem smaller",
                   (long long)value, what, (long long)limit);
}

float tb_cuda_scale_log2(const tb_launch *launch)
{
    return (float)(tb_launch_scale(launch) * LOG2_E);
}

/* Sizes of buffers are 63-bit, and so is their sum. */
static tb_status add_buffer(tb_cuda_plan *plan, const tb_cuda_buffer *buffer, int *index,
                            tb_error *err)
{
    tb_cuda_program *program = plan->program;
    if (!tb_add_ok(program->device_bytes, buffer->bytes, &program->device_bytes)) {
        return tb_fail(err, TB_EOVERFLOW, "the tensors pass 2^63 bytes; make the problem smaller");
    }
    if (program->buffers == BUFFERS_MAX) {
        return tb_fail(err, TB_EINTERNAL, "internal check failed: buffers of a program");
    }
    program->buffer[program->buffers] = *buffer;
    *index = program->buffers++;
    return TB_OK;
}

tb_status tb_cuda_add_tensor(tb_cuda_plan *plan, tb_cuda_role role, const char *name,
                             const int64_t shape[4], int64_t bytes, int *buffer, tb_error *err)
{
    tb_cuda_buffer made = {.name = name, .role = role, .bytes = bytes};
    for (int i = 0; i < 4; i++) {
        if (!tb_mul_ok(made.bytes, shape[i], &made.bytes)) {
            return tb_fail(err, TB_EOVERFLOW, "%s passes 2^63 bytes; make the problem smaller",
                           name);
        }
    }
    return add_buffer(plan, &made, buffer, err);
}

tb_status tb_cuda_add_constant(tb_cuda_plan *plan, const char *name, int64_t count, size_t bytes,
                               int *buffer, void **data, tb_error *err)
{
    tb_cuda_buffer made = {.name = name, .role = TB_CUDA_CONSTANT};
    if (!tb_mul_ok(count, (int64_t)bytes, &made.bytes)) {
        return tb_fail(err, TB_EOVERFLOW, "%s passes 2^63 bytes; make the problem smaller", name);
    }
    void *room = calloc((size_t)count + 1, bytes);
    if (room == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %s", name);
    }
    made.data = room;
    tb_status status = add_buffer(plan, &made, buffer, err);
    if (status != TB_OK) {
        free(room);
        return status;
    }
    *data = room;
    return TB_OK;
}

/* Source: CUDA C++ Programming Guide 13.0, table of compute capabilities. */
static tb_status check_grid(const int64_t grid[3], tb_error *err)
{
    tb_status status = tb_cuda_fits(grid[0], INT32_MAX, "CTAs along the grid's x axis", err);
    for (int i = 1; status == TB_OK && i < 3; i++) {
        status = tb_cuda_fits(grid[i], 65535, "batch entries or heads", err);
    }
    return status;
}

tb_status tb_cuda_add_step(tb_cuda_plan *plan, const tb_cuda_variant *variant, tb_cuda_stage stage,
                           const int64_t grid[3], const void *params, size_t params_bytes,
                           tb_cuda_step **step, tb_error *err)
{
    tb_cuda_program *program = plan->program;
    tb_status status = check_grid(grid, err);
    if (status != TB_OK) {
        return status;
    }
    assert(params_bytes <= TB_CUDA_PARAMS_BYTES);
    size_t count = (size_t)program->steps + 1;
    tb_cuda_step *grown =
        count > INT_MAX ? NULL : realloc(program->step, count * sizeof *program->step);
    if (grown == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the steps of a program");
    }
    program->step = grown;
    tb_cuda_step *made = &grown[program->steps++];
    *made = (tb_cuda_step){.variant = variant, .stage = stage, .params_bytes = (int)params_bytes};
    memcpy(made->grid, grid, sizeof made->grid);
    memcpy(made->params, params, params_bytes);
    *step = made;
    return TB_OK;
}

void tb_cuda_point(tb_cuda_step *step, size_t at, int buffer)
{
    assert(step->pointers < TB_CUDA_POINTERS_MAX);
    assert(at + sizeof(uint64_t) <= (size_t)step->params_bytes);
    step->pointer[step->pointers++] = (tb_cuda_pointer){.at = (int)at, .buffer = buffer};
}

void tb_cuda_step_bind(const tb_cuda_step *step, const uint64_t *addresses, void *out)
{
    memcpy(out, step->params, (size_t)step->params_bytes);
    for (int i = 0; i < step->pointers; i++) {
        const tb_cuda_pointer *pointer = &step->pointer[i];
        memcpy((char *)out + pointer->at, &addresses[pointer->buffer], sizeof(uint64_t));
    }
}

/* The launch's own tensors are the first five buffers, in the order of tb_cuda_role. */
static tb_status add_tensors(tb_cuda_plan *plan, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    int64_t q = tb_launch_q_tokens(plan->launch), kv = tb_launch_kv_tokens(plan->launch);
    int64_t bytes = tb_dtype_bytes(p->dtype);
    const struct {
        const char *name;
        int64_t shape[4], bytes;
    } tensors[] = {
        [TB_CUDA_Q] = {"q", {p->batch, q, p->heads, p->dim}, bytes},
        [TB_CUDA_K] = {"k", {p->batch, kv, p->heads_kv, p->dim}, bytes},
        [TB_CUDA_V] = {"v", {p->batch, kv, p->heads_kv, p->dim_value}, bytes},
        [TB_CUDA_O] = {"o", {p->batch, q, p->heads, p->dim_value}, bytes},
        [TB_CUDA_LSE] = {"lse", {p->batch, q, p->heads, 1}, (int64_t)sizeof(float)},
    };
    tb_status status = TB_OK;
    for (int i = TB_CUDA_Q; status == TB_OK && i <= TB_CUDA_LSE; i++) {
        int index;
        status = tb_cuda_add_tensor(plan, (tb_cuda_role)i, tensors[i].name, tensors[i].shape,
                                    tensors[i].bytes, &index, err);
    }
    return status;
}

/* What no kernel of ours does, whatever the implementation. */
static tb_status check(const tb_launch *launch, tb_error *err)
{
    const tb_problem *p = &launch->problem;
    if (p->pass == TB_PASS_BACKWARD) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "the CUDA kernels compute the forward pass only; use --pass forward");
    }
    if (p->dtype != TB_DTYPE_FP32 && p->dtype != TB_DTYPE_FP16 && p->dtype != TB_DTYPE_BF16) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "the CUDA kernels take fp32, fp16 and bf16, not %s; use one of those",
                       tb_dtype_names[p->dtype]);
    }
    if (p->dim % 8 != 0 || p->dim_value % 8 != 0) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "head dims %lld and %lld; the CUDA kernels take multiples of 8",
                       (long long)p->dim, (long long)p->dim_value);
    }
    tb_status status = tb_cuda_fits(tb_launch_q_tokens(launch), INT32_MAX, "query tokens", err);
    if (status == TB_OK) {
        status = tb_cuda_fits(tb_launch_kv_tokens(launch), INT32_MAX, "KV tokens", err);
    }
    if (status == TB_OK) { /* tensors are countable: so is a row of one */
        int64_t row = p->heads * tb_max(p->dim, p->dim_value) * tb_dtype_bytes(p->dtype);
        status = tb_cuda_fits(row, INT32_MAX, "bytes a token of all heads", err);
    }
    return status;
}

static tb_status make(tb_cuda_plan *plan, tb_error *err)
{
    tb_cuda_program *program = plan->program;
    program->buffer = calloc(BUFFERS_MAX, sizeof *program->buffer);
    if (program->buffer == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a program");
    }
    tb_status status = add_tensors(plan, err);
    return status == TB_OK ? implementations[plan->launch->implementation].plan(plan, err) : status;
}

tb_status tb_cuda_program_check(const tb_launch *launch, const tb_cuda_device *device,
                                tb_error *err)
{
    tb_cuda_plan plan = {.launch = launch, .device = *device};
    tb_status status = check(launch, err);
    return status == TB_OK && launch->implementation == TB_IMPLEMENTATION_FUSED
               ? tb_cuda_check_fused(&plan, err)
               : status;
}

tb_status tb_cuda_program_create(const tb_launch *launch, const tb_cuda_device *device,
                                 tb_cuda_program **out, tb_error *err)
{
    tb_status status = check(launch, err);
    if (status != TB_OK) {
        return status;
    }
    tb_cuda_plan plan = {
        .launch = launch, .device = *device, .program = calloc(1, sizeof *plan.program)};
    if (plan.program == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a program");
    }
    status = make(&plan, err);
    if (status != TB_OK) {
        tb_cuda_program_destroy(plan.program);
        return status;
    }
    *out = plan.program;
    return TB_OK;
}

void tb_cuda_program_destroy(tb_cuda_program *program)
{
    if (program == NULL) {
        return;
    }
    for (int i = 0; program->buffer != NULL && i < program->buffers; i++) {
        free((void *)(uintptr_t)program->buffer[i].data); /* made here, const for others */
    }
    free(program->buffer);
    free(program->step);
    free(program);
}
