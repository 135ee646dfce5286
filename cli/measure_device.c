#include "measure_device.h"

#include "gpu.h"
#include "gpu_device.h"
#include "host_device.h"

tb_status tb_measure_device_create(const tb_backend *backend, const tb_device_facts *facts,
                                   int threads, tb_device **out, tb_error *err)
{
    return backend->is_gpu ? tb_gpu_device_create(facts, out, err)
                           : tb_host_device_create(facts, threads, out, err);
}

tb_status tb_measure_device_load(const tb_backend *backend, const char *name, tb_device **out,
                                 tb_error *err)
{
    tb_device *device = NULL;
    tb_status status = tb_device_load(name, &device, err);
    if (status != TB_OK) {
        return status;
    }
    if (device->is_emulated && !(backend->is_gpu && backend->is_emulated())) {
        status = tb_fail(err, TB_EINVAL,
                         "device %s is of an emulated GPU; measure it anew with --device-facts",
                         device->name);
        tb_device_destroy(device);
        return status;
    }
    *out = device;
    return TB_OK;
}

/* Why CUPTI did not time what CUDA events did. */
static const char *why_events(void)
{
    tb_gpu *gpu = NULL;
    const char *why = "no GPU is open";
    if (tb_gpu_get(&gpu, NULL) == TB_OK) {
        (void)tb_gpu_cupti(gpu, &why);
    }
    return why;
}

void tb_measure_warn_of_facts(const tb_device_facts *facts, tb_messages *out)
{
    if (facts->gpu.is_by_events) {
        tb_messages_add(out,
                        "the facts were timed by CUDA events: a few microseconds of each launch "
                        "are in them; not CUPTI: %s",
                        why_events());
    }
}

void tb_measure_warn_of_clocks(const tb_profile *profile, tb_messages *out)
{
    size_t events = 0;
    int64_t discarded = 0;
    for (size_t i = 0; i < profile->count; i++) {
        events += profile->runs[i].clock == TB_CLOCK_EVENTS;
        discarded += profile->runs[i].noise.discarded;
    }
    if (events > 0) {
        tb_messages_add(out,
                        "%zu of %zu runs were timed by CUDA events, with what lies between "
                        "launches, and are marked so; not CUPTI: %s",
                        events, profile->count, why_events());
    }
    if (discarded > 0) {
        tb_messages_add(out,
                        "%lld samples of CUPTI's were discarded, for those that followed are of "
                        "CUDA events",
                        (long long)discarded);
    }
}
