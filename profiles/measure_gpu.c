/* What is particular to measuring on a GPU. */
#include "measure.h"
#include "measure_parts.h"

#include "system_text.h"
#include "text.h"

#include <string.h>
#include <unistd.h>

/* Of the device's memory: permuting takes copies of all tensors beside them. */
#define KEPT_ON_DEVICE 0.45
#define KEPT_ON_HOST   0.5

bool tb_measure_is_emulated(const tb_measure *measure)
{
    const tb_backend *backend = measure->options.backend;
    return backend->is_gpu && backend->is_emulated();
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

void tb_measure_set_gpu(const tb_device_facts *facts, tb_environment *environment)
{
    const tb_gpu_facts *gpu = &facts->gpu;
    environment->gpu = (tb_environment_gpu){.name = or_null(facts->name),
                                            .uuid = or_null(gpu->uuid),
                                            .driver = or_null(gpu->driver),
                                            .cuda = or_null(gpu->cuda),
                                            .compiler = or_null(gpu->compiler),
                                            .power_limit_w = gpu->power_limit_w};
}

/* Memory of the machine, or what a container may have of it; 0 = not known. */
static double host_bytes(const char *root)
{
    char text[64];
    int64_t limit = 0;
    double pages = (double)sysconf(_SC_PHYS_PAGES), page = (double)sysconf(_SC_PAGESIZE);
    double bytes = pages > 0 && page > 0 ? pages * page : 0;
    bool has_limit = tb_system_line(root, "/sys/fs/cgroup/memory.max", text, sizeof text) &&
                     tb_text_int(text, &limit) && limit > 0;
    return has_limit && (double)limit < bytes ? (double)limit : bytes;
}

int64_t tb_measure_kept_on_gpu(const char *root, int64_t device_bytes)
{
    double of_host = KEPT_ON_HOST * host_bytes(root);
    double of_device = KEPT_ON_DEVICE * (double)device_bytes;
    return (int64_t)(of_host < of_device ? of_host : of_device);
}

tb_status tb_measure_check_gpu(const tb_measure *measure, const tb_profile *before, tb_error *err)
{
    const char *then = before->environment.gpu.uuid, *now = measure->environment.gpu.uuid;
    if (then != NULL && now != NULL && strcmp(then, now) != 0) {
        return tb_fail(
            err, TB_EINVAL, "%s was measured on another GPU (%s, %s); give --gpu %s, or another -o",
            before->path, before->environment.gpu.name != NULL ? before->environment.gpu.name : "?",
            then, then);
    }
    return TB_OK;
}
