/* Hardware counters in a build without CUPTI's headers. */
#include "gpu_counters.h"
#include "gpu_counters_host.h"

static tb_status unavailable(tb_error *err)
{
    return tb_fail(err, TB_EUNAVAILABLE,
                   "built without CUPTI's headers; install the CUDA toolkit and build again to "
                   "read hardware counters");
}

tb_status tb_counters_host_open(const char *chip, const uint8_t *availability,
                                tb_counters_host **out, tb_error *err)
{
    (void)chip;
    (void)availability;
    (void)out;
    return unavailable(err);
}

void tb_counters_host_close(tb_counters_host *host)
{
    (void)host;
}

bool tb_counters_host_knows(const tb_counters_host *host, const char *metric)
{
    (void)host;
    (void)metric;
    return false;
}

tb_status tb_counters_host_plan(tb_counters_host *host, tb_counters_plan *out, tb_error *err)
{
    (void)host;
    (void)out;
    return unavailable(err);
}

tb_status tb_counters_host_evaluate(const tb_counters_host *host, const tb_counters_plan *plan,
                                    const uint8_t *data, size_t bytes, size_t range,
                                    tb_hardware_counters *out, tb_error *err)
{
    (void)host;
    (void)plan;
    (void)data;
    (void)bytes;
    (void)range;
    (void)out;
    return unavailable(err);
}

tb_status tb_gpu_counters_run(tb_gpu *gpu, tb_gpu_launches_fn *launches, void *user,
                              tb_hardware_counters *out, tb_error *err)
{
    (void)gpu;
    (void)launches;
    (void)user;
    (void)out;
    return unavailable(err);
}
