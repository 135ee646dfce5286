/* The options that describe a case: problem, pattern and tiling. Shared by every command that asks
 * about one. */
#ifndef TB_CASE_OPTIONS_H
#define TB_CASE_OPTIONS_H

#include "attention_case.h"
#include "options.h"

typedef struct tb_case_args {
    const char *config;
    /* problem */
    tb_arg_list input_size;
    tb_arg_int batch, heads, heads_kv, dim, dim_value, add_kv, add_q;
    tb_arg_choice dtype;
    bool backprop;
    /* pattern */
    tb_arg_list window, stride, dilation, causal;
    tb_arg_list local;
    const char *pattern;
    const char *mask;
    tb_arg_list mask_block;
    /* tiling */
    const char *kernel;
    tb_arg_list q_tile, kv_tile;
    tb_arg_choice tiles, tiling, kv_tiling, order;
} tb_case_args;

/* Option groups whose struct is a tb_case_args at `offset`. */
#define TB_CASE_OPTION_GROUPS(offset)                                                              \
    {"Problem", tb_problem_options, TB_PROBLEM_OPTION_COUNT, offset},                              \
        {"Pattern", tb_pattern_options, TB_PATTERN_OPTION_COUNT, offset},                          \
    {                                                                                              \
        "Tiling", tb_tiling_options, TB_TILING_OPTION_COUNT, offset                                \
    }

#define TB_PROBLEM_OPTION_COUNT 11
#define TB_PATTERN_OPTION_COUNT 8
#define TB_TILING_OPTION_COUNT  7

extern const tb_option tb_problem_options[TB_PROBLEM_OPTION_COUNT];
extern const tb_option tb_pattern_options[TB_PATTERN_OPTION_COUNT];
extern const tb_option tb_tiling_options[TB_TILING_OPTION_COUNT];

/** Is any option given that changes the pattern? */
bool tb_case_args_have_pattern(const tb_case_args *args);

/** Is any option given at all? */
bool tb_case_args_any(const tb_case_args *args);

/**
 * Apply --config and then the other options to a case that holds defaults (or a network's values).
 * The case is normalized afterwards. --kernel is the caller's to load.
 *
 * @return TB_OK; TB_EINVAL; TB_EFILE; TB_ENOMEM; release the case in any event
 */
TB_NODISCARD tb_status tb_case_apply(const tb_case_args *args, tb_case *item, tb_error *err);

#endif
