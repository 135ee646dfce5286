/* --devices and what goes with it: one attention over several devices. */
#ifndef TB_PARALLEL_OPTIONS_H
#define TB_PARALLEL_OPTIONS_H

#include "options.h"
#include "parallel_case.h"

typedef struct tb_parallel_args {
    tb_arg_int devices, ulysses;
    tb_arg_choice method, order;
    const char *link, *group_link;
    bool no_overlap;
} tb_parallel_args;

#define TB_PARALLEL_OPTION_COUNT 7

extern const tb_option tb_parallel_options[TB_PARALLEL_OPTION_COUNT];

/** Check what is given together. TB_OK; TB_EINVAL. */
TB_NODISCARD tb_status tb_parallel_args_check(const tb_parallel_args *args, bool has_device,
                                              tb_error *err);

/** What the options ask for; devices is 0 without them. */
tb_parallel_request tb_parallel_args_request(const tb_parallel_args *args);

#endif
