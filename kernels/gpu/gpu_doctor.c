#include "gpu_doctor.h"

#include "file.h"
#include "gpu_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_GPUS     16
#define BYTES_PER_GIB 1073741824.0
#define PARAMS        "/proc/driver/nvidia/params"
#define MOST_PARAMS   ((size_t)16384) /* bytes */
#define RESTRICTED    "RmProfilingAdminOnly: "
#define NEEDS_GPU     "not looked for without a GPU that works; see above"
#define NEEDS_DRIVER  "not looked for without a driver; install NVIDIA's driver first"

typedef struct findings {
    tb_gpu_finding *all;
    size_t count;
} findings;

static void TB_PRINTF(4, 5)
    add(findings *to, const char *part, bool is_found, const char *format, ...)
{
    if (to->count == TB_GPU_FINDINGS_MAX) {
        return;
    }
    tb_gpu_finding *made = &to->all[to->count++];
    va_list arguments;
    (void)snprintf(made->part, sizeof made->part, "%s", part);
    made->is_found = is_found;
    va_start(arguments, format);
    (void)vsnprintf(made->text, sizeof made->text, format, arguments);
    va_end(arguments);
}

/* The GPU that is open, and by name the others, which --gpu would take. */
static void look_for_gpus(findings *to, const tb_gpu *gpu)
{
    const tb_driver_calls *calls = &tb_gpu_driver(gpu)->calls;
    const tb_gpu_info *open = tb_gpu_info_of(gpu);
    int count = 0;
    if (calls->device_count(&count) != 0) {
        count = open->index + 1;
    }
    for (int i = 0; i < count && i < MOST_GPUS; i++) {
        char part[24], name[96] = "";
        tb_cu_device device;
        (void)snprintf(part, sizeof part, "GPU %d", i);
        if (i == open->index) {
            add(to, part, true, "%s%s, sm_%d, %d SMs, %.3g GiB, %s",
                open->is_emulated ? "emulated " : "", open->name, open->sm, open->sms,
                (double)open->memory_bytes / BYTES_PER_GIB, open->uuid);
        } else if (calls->device_get(&device, i) == 0 &&
                   calls->device_name(name, (int)sizeof name, device) == 0) {
            add(to, part, true, "%s (--gpu %d takes it)", name, i);
        }
    }
}

static void look_for_nvrtc(findings *to)
{
    tb_nvrtc *nvrtc = NULL;
    tb_error why = {0};
    int major = 0, minor = 0;
    if (tb_nvrtc_open(&nvrtc, &why) != TB_OK) {
        add(to, "NVRTC", false, "%s", why.message);
        return;
    }
    tb_nvrtc_version(nvrtc, &major, &minor);
    add(to, "NVRTC", true, "%d.%d, %s", major, minor, tb_nvrtc_path(nvrtc));
    tb_nvrtc_close(nvrtc);
}

static void look_for_cupti(findings *to, const tb_gpu *gpu)
{
    const char *why = NULL;
    const tb_cupti *cupti = tb_gpu_cupti(gpu, &why);
    if (cupti == NULL) {
        add(to, "CUPTI", false, "%s; until then CUDA events time kernels", why);
    } else {
        add(to, "CUPTI", true, "API version %u, %s", (unsigned)tb_cupti_version(cupti),
            tb_cupti_library(cupti)->path);
    }
}

static void look_for_nvml(findings *to, const tb_gpu *gpu)
{
    tb_nvml *nvml = NULL;
    tb_error why = {0};
    if (tb_nvml_open(tb_gpu_info_of(gpu)->uuid, &nvml, &why) != TB_OK) {
        add(to, "NVML", false, "%s; without it clocks and throttling are not seen", why.message);
        return;
    }
    add(to, "NVML", true, "driver %s, %s", tb_nvml_driver(nvml), tb_nvml_library(nvml)->path);
    tb_nvml_close(nvml);
}

int tb_gpu_counters_permitted(const char *params)
{
    const char *at = strstr(params, RESTRICTED);
    if (at == NULL) {
        return -1;
    }
    at += strlen(RESTRICTED);
    return *at == '0' ? 1 : *at == '1' ? 0 : -1;
}

static void look_for_counters(findings *to, const char *root)
{
    char path[512], text[MOST_PARAMS + 1] = "";
    tb_file_bytes bytes = {0};
    (void)snprintf(path, sizeof path, "%s%s", root, PARAMS);
    if (tb_file_read(path, MOST_PARAMS, &bytes, NULL) == TB_OK) {
        memcpy(text, bytes.data, bytes.length);
        tb_file_release(&bytes);
    }
    int permitted = tb_gpu_counters_permitted(text);
    if (permitted == 0 && geteuid() != 0) {
        add(to, "GPU counters", false,
            "the driver lets only administrators read them (ERR_NVGPUCTRPERM); measure --counters "
            "as root, or load the driver with NVreg_RestrictProfilingToAdminUsers=0");
    } else {
        add(to, "GPU counters", true, "%s",
            permitted == 1   ? "the driver lets everybody read them"
            : permitted == 0 ? "the driver lets administrators read them, as you are"
                             : "the driver does not say who may read them; measure --counters will "
                               "tell");
    }
}

size_t tb_gpu_doctor(const char *root, tb_gpu_finding *out)
{
    findings to = {.all = out};
    tb_driver driver;
    tb_gpu *gpu = NULL;
    tb_error why = {0};
    bool has_driver = tb_driver_open(&driver, &why) == TB_OK;
    if (has_driver) {
        add(&to, "CUDA driver", true, "CUDA %d.%d, %s", driver.version / 1000,
            driver.version % 1000 / 10, driver.library.path);
    } else {
        add(&to, "CUDA driver", false, "%s", why.message);
    }
    bool has_gpu = has_driver && tb_gpu_get(&gpu, &why) == TB_OK;
    if (has_gpu) {
        look_for_gpus(&to, gpu);
    } else {
        add(&to, "GPU", false, "%s", has_driver ? why.message : NEEDS_DRIVER);
    }
    look_for_nvrtc(&to);
    if (has_gpu) {
        look_for_cupti(&to, gpu);
        look_for_nvml(&to, gpu);
        look_for_counters(&to, root);
    } else {
        const char *needs = has_driver ? NEEDS_GPU : NEEDS_DRIVER;
        add(&to, "CUPTI", false, "%s", needs);
        add(&to, "NVML", false, "%s", needs);
        add(&to, "GPU counters", false, "%s", needs);
    }
    return to.count;
}
