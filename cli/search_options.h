/* What search is asked: a space out of options. */
#ifndef TB_SEARCH_OPTIONS_H
#define TB_SEARCH_OPTIONS_H

#include "backend.h"
#include "case_options.h"
#include "device_options.h"
#include "network.h"
#include "output.h"
#include "search.h"
#include "search_tiles.h"

typedef struct tb_search_args {
    tb_case_args item;
    tb_device_args device;
    tb_output_args output;
    const char *network;
    const char *sparsity;
    tb_arg_choice goal, shapes, backend, pool;
    tb_arg_int top, max_dilation, window_step, max_timed, max_counted, dense_steps, confirm;
    tb_arg_list min_window, min_field, max_padding;
    tb_arg_double max_bytes, max_time, mean_sparsity;
    bool fully_block_sparse, equal_window, all_strides, all_orders, all_schedules;
} tb_search_args;

#define TB_SEARCH_OPTION_COUNT 24

extern const tb_option tb_search_options[TB_SEARCH_OPTION_COUNT]; /* of a tb_search_args */

/** A space with what it borrows. */
typedef struct tb_search_ask {
    tb_device_choice choice; /* owned */
    tb_network *network;     /* owned, or NULL */
    tb_case item;            /* owned: the problem and the tiling request */
    tb_tiling_list tilings;  /* owned */
    tb_search_space space;
} tb_search_ask;

/** Make a space of the options. TB_OK; TB_EINVAL for options that search does not take or that do
 *  not fit together; what the loaders return; release in any event. */
TB_NODISCARD tb_status tb_search_ask_of(const tb_search_args *args, tb_search_ask *out,
                                        tb_error *err);
/** What --confirm runs on. */
const tb_backend *tb_search_backend(const tb_search_args *args);

void tb_search_ask_release(tb_search_ask *ask);

#endif
