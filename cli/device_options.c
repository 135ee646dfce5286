#include "device_options.h"

#include "messages.h"
#include "output.h"

#include <stddef.h>

#define AT(field) offsetof(tb_device_args, field)

const tb_option tb_device_options[TB_DEVICE_OPTION_COUNT] = {
    {"device", '\0', TB_OPTION_TEXT, "NAME", "predict times on this device, by name or YAML file",
     AT(device), 0, 0, NULL, 0},
    {"set", '\0', TB_OPTION_TEXTS, "KEY=NUMBER",
     "change a value of the device, or a mechanism's parameter; may be repeated", AT(set), 0, 0,
     NULL, 0},
    {"baseline-kernel", '\0', TB_OPTION_TEXT, "NAME",
     "kernel of the dense baseline (default: the device's)", AT(baseline_kernel), 0, 0, NULL, 0},
    {"schedule", '\0', TB_OPTION_CHOICE, NULL, "how SMs take CTAs (default: as the kernel has it)",
     AT(schedule), 0, 0, tb_schedule_policy_names, TB_SCHEDULE_POLICY_COUNT},
};

static tb_status load_kernel(const char *name, tb_kernel **out, tb_error *err)
{
    return name == NULL ? TB_OK : tb_kernel_load(name, out, err);
}

/* Another schedule than the kernel's own. */
static tb_status set_schedule(tb_schedule_policy schedule, tb_kernel *kernel, tb_error *err)
{
    tb_messages warnings = {0};
    if (kernel == NULL || !kernel->time.given) {
        return tb_fail(err, TB_EINVAL, "--schedule of what? give a --kernel with a time model");
    }
    if (kernel->time.schedule != schedule) {
        tb_messages_add(&warnings, "kernel %s is scheduled %s; its time %s is hypothetical",
                        kernel->name, tb_schedule_policy_names[kernel->time.schedule],
                        tb_schedule_policy_names[schedule]);
        kernel->time.schedule = schedule;
    }
    tb_output_warnings(&warnings);
    return TB_OK;
}

tb_status tb_device_choose(const tb_device_args *args, const char *kernel_name,
                           tb_device_choice *out, tb_error *err)
{
    *out = (tb_device_choice){0};
    if (args->device == NULL) {
        if (args->set.count > 0 || args->baseline_kernel != NULL || args->schedule.given) {
            return tb_fail(err, TB_EINVAL,
                           "--set, --baseline-kernel and --schedule need a device; give --device");
        }
        return load_kernel(kernel_name, &out->kernel, err);
    }
    tb_status status = tb_device_load(args->device, &out->device, err);
    for (size_t i = 0; status == TB_OK && i < args->set.count; i++) {
        status = tb_device_set(out->device, args->set.values[i], err);
    }
    if (status == TB_OK) {
        const char *name = kernel_name != NULL ? kernel_name : out->device->default_kernel;
        status = load_kernel(name, &out->kernel, err);
    }
    if (status == TB_OK) {
        const char *name =
            args->baseline_kernel != NULL ? args->baseline_kernel : out->device->dense_kernel;
        status = load_kernel(name, &out->baseline, err);
    }
    if (status == TB_OK && args->schedule.given) {
        status = set_schedule((tb_schedule_policy)args->schedule.index, out->kernel, err);
    }
    return status;
}

void tb_device_choice_release(tb_device_choice *choice)
{
    tb_device_destroy(choice->device);
    tb_kernel_destroy(choice->kernel);
    tb_kernel_destroy(choice->baseline);
    *choice = (tb_device_choice){0};
}
