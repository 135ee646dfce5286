/* The row of the CUDA backend in a build that has none. */
#include "backend_types.h"

static tb_status available(tb_error *err)
{
    return tb_fail(err, TB_EUNAVAILABLE, "this build has no CUDA backend; use --backend cpu");
}

static tb_status facts(bool is_measuring, tb_device_facts *out, tb_error *err)
{
    (void)is_measuring;
    (void)out;
    return available(err);
}

static tb_status check(const tb_launch *launch, tb_error *err)
{
    (void)launch;
    return available(err);
}

const tb_backend tb_backend_cuda = {
    .name = "cuda",
    .summary = "CUDA kernels on an NVIDIA GPU (not in this build)",
    .available = available,
    .facts = facts,
    .check = check,
};
