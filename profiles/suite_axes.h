/* Axes of a suite's entry: one problem that stands for many. Used by suite.c.
 *
 *   name: 1d
 *   problem: {layout: [4096]}
 *   zip:   {problem.heads: [1, 8], problem.dim: [128, 64]}    these advance together
 *   cross: {pattern.window: [[256], [512]]}                   with each of these
 *   sample: 3                                                 only so many of them, drawn by `seed`
 */
#ifndef TB_SUITE_AXES_H
#define TB_SUITE_AXES_H

#include "arena.h"
#include "axis_list.h"

typedef struct tb_suite_axes {
    tb_axis_list list;
    size_t total;        /* combinations */
    const size_t *drawn; /* of them; NULL = all */
    size_t problems;     /* that the entry stands for: 1 without axes */
} tb_suite_axes;

/** Read the axes of an entry. TB_OK; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_suite_axes_read(const tb_yaml_node *entry, tb_arena *arena,
                                          tb_suite_axes *out, tb_error *err);

/** `wanted` of `total` combinations, in their order, drawn by `seed`; NULL in *out = all.
 *  TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_suite_axes_draw(size_t total, size_t wanted, uint64_t seed,
                                          tb_arena *arena, const size_t **out, tb_error *err);

/**
 * Problem `which` of an entry: the entry with that combination's values, and its name:
 * "1d/heads=8/dim=64/window=256".
 *
 * @return TB_OK; TB_EFILE; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_suite_axes_problem(const tb_suite_axes *axes, tb_yaml *doc,
                                             const tb_yaml_node *entry, const char *name,
                                             size_t which, tb_arena *arena,
                                             const tb_yaml_node **out, const char **out_name,
                                             tb_error *err);

#endif
