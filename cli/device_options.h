/* --device, --set, --baseline-kernel, --schedule: on what, over which dense kernel, and in which
 * order of CTAs. */
#ifndef TB_DEVICE_OPTIONS_H
#define TB_DEVICE_OPTIONS_H

#include "device.h"
#include "kernel.h"
#include "options.h"

typedef struct tb_device_args {
    const char *device;
    const char *baseline_kernel;
    tb_arg_texts set;
    tb_arg_choice schedule;
} tb_device_args;

#define TB_DEVICE_OPTION_COUNT 4

extern const tb_option tb_device_options[TB_DEVICE_OPTION_COUNT];

/** What the options name; all NULL without --device. */
typedef struct tb_device_choice {
    tb_device *device;   /* owned */
    tb_kernel *kernel;   /* owned; as named, else the device's default one, else NULL */
    tb_kernel *baseline; /* owned; as named, else the device's dense one, else NULL */
} tb_device_choice;

/**
 * Load the device with --set applied, the kernel (`kernel_name` may be NULL) under its --schedule,
 * and the baseline kernel. Warns where that is not the kernel's own.
 *
 * @return TB_OK; TB_EINVAL for --set, --baseline-kernel or --schedule without --device; what the
 * loaders return; release the choice in any event
 */
TB_NODISCARD tb_status tb_device_choose(const tb_device_args *args, const char *kernel_name,
                                        tb_device_choice *out, tb_error *err);

void tb_device_choice_release(tb_device_choice *choice);

#endif
