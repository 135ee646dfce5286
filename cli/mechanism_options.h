/* --mechanism, --set and --seed: a mechanism with the problem that the options make of it. */
#ifndef TB_MECHANISM_OPTIONS_H
#define TB_MECHANISM_OPTIONS_H

#include "case_options.h"
#include "device_options.h"
#include "mechanism.h"

/** What a command runs a mechanism on. */
typedef struct tb_mechanism_ask {
    tb_mechanism *mechanism; /* owned */
    tb_device_choice choice; /* owned; without a device: the kernel at most */
    tb_problem problem;
    bool changed; /* the layout is a factorisation of the tokens that were given */
    tb_mechanism_options options;
} tb_mechanism_ask;

/**
 * Load a mechanism, apply --set to it (and to the device, whose values it may name too), and make
 * its problem of the options.
 *
 * @param[in] device  NULL where the command has no device
 * @param[in] set     assignments
 * @return TB_OK; TB_EINVAL for options that a mechanism does not take, and as the loaders; release
 *         in any event
 */
TB_NODISCARD tb_status tb_mechanism_ask_of(const char *name, const tb_case_args *item,
                                           const tb_device_args *device, const tb_arg_texts *set,
                                           const tb_arg_int *seed, tb_mechanism_ask *out,
                                           tb_error *err);
void tb_mechanism_ask_release(tb_mechanism_ask *ask);

/** Run it. */
TB_NODISCARD tb_status tb_mechanism_ask_run(const tb_mechanism_ask *ask, tb_mechanism_result *out,
                                            tb_error *err);

#endif
