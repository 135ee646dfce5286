/* --device, --set, --baseline-kernel: on what, and over which dense kernel. */
#ifndef TB_DEVICE_OPTIONS_H
#define TB_DEVICE_OPTIONS_H

#include "device.h"
#include "kernel.h"
#include "options.h"

typedef struct tb_device_args {
    const char *device;
    const char *baseline_kernel;
    tb_arg_texts set;
} tb_device_args;

#define TB_DEVICE_OPTION_COUNT 3

extern const tb_option tb_device_options[TB_DEVICE_OPTION_COUNT];

/** What the options name; all NULL without --device. */
typedef struct tb_device_choice {
    tb_device *device;   /* owned */
    tb_kernel *kernel;   /* owned; as named, else the device's default one, else NULL */
    tb_kernel *baseline; /* owned; as named, else the device's dense one, else NULL */
} tb_device_choice;

/**
 * Load the device with --set applied, the kernel (`kernel_name` may be NULL) and the baseline
 * kernel.
 *
 * @return TB_OK; TB_EINVAL for --set or --baseline-kernel without --device; what the loaders
 * return; release the choice in any event
 */
TB_NODISCARD tb_status tb_device_choose(const tb_device_args *args, const char *kernel_name,
                                        tb_device_choice *out, tb_error *err);

void tb_device_choice_release(tb_device_choice *choice);

#endif
