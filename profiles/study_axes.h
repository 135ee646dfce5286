/* Axes of a study's entry, and its points: any of them by its number, so that nothing is listed.
 *
 *   cross:  {pattern.window.0: {from: 128, to: 4096, step: 128}, problem.heads: [1, 8]}
 *   zip:    {device: [a100-80, h100-sxm], kernel: [flash-2, flash-3]}
 *   sample: {kind: latin, count: 1000, seed: 7}     instead of all combinations
 */
#ifndef TB_STUDY_AXES_H
#define TB_STUDY_AXES_H

#include "arena.h"
#include "axis_list.h"
#include "statistics.h"

typedef enum tb_axis_kind {
    TB_AXIS_LIST,    /* values as listed */
    TB_AXIS_INTEGER, /* from, from + step, ... up to `to` */
    TB_AXIS_REAL     /* any number from `from` to `to`: of samples alone */
} tb_axis_kind;

/** Type of a column of results. */
typedef enum tb_cell_type {
    TB_CELL_NULL,
    TB_CELL_INTEGER,
    TB_CELL_REAL,
    TB_CELL_TEXT
} tb_cell_type;

typedef struct tb_study_axis {
    const tb_yaml_node *key; /* "pattern.window.0" */
    const char *path;
    tb_axis_kind kind;
    const tb_yaml_node *values; /* a list, or the mapping of a range */
    int64_t count;              /* of values; 0: real */
    int64_t from, step;         /* of integers */
    double low, high;           /* of a range */
    bool is_log;                /* samples are even in the logarithm */
    tb_cell_type type;
} tb_study_axis;

typedef enum tb_sample_kind {
    TB_SAMPLE_NONE,         /* all combinations */
    TB_SAMPLE_COMBINATIONS, /* so many of them, as suites have it */
    TB_SAMPLE_RANDOM,       /* each value by itself, evenly */
    TB_SAMPLE_LATIN         /* each axis in `count` strata, one sample in each */
} tb_sample_kind;

#define TB_LATIN_ROUNDS 8

typedef struct tb_study_axes {
    tb_study_axis axis[TB_AXES_MAX]; /* those of zip first */
    size_t count, zip_count;
    tb_sample_kind sample;
    int64_t total;       /* combinations; 0 with a real axis */
    int64_t points;      /* of the entry; 1 without axes */
    const size_t *drawn; /* of TB_SAMPLE_COMBINATIONS; NULL = all */
    uint64_t seed;
    uint32_t keys[TB_AXES_MAX][TB_LATIN_ROUNDS]; /* of the orders of strata */
} tb_study_axes;

/** A value of an axis at a point: a node of the suite, or a number. */
typedef struct tb_axis_value {
    const tb_yaml_node *node; /* NULL: a number */
    bool is_real;
    int64_t integer;
    double real;
} tb_axis_value;

/** Where a sequence of samples is: points that follow each other are drawn in one go. */
typedef struct tb_study_sampler {
    tb_random *random; /* owned */
    const tb_study_axes *axes;
    int64_t next;
} tb_study_sampler;

TB_NODISCARD tb_status tb_study_sampler_create(tb_study_sampler *out, tb_error *err);
void tb_study_sampler_destroy(tb_study_sampler *sampler);

/**
 * Read the axes of an entry. Paths begin with problem., pattern., tiling., parallel. or set., or
 * are device, kernel, baseline_kernel, baseline, tiles, schedule, mechanism, mechanism_seed,
 * whole_network, network_case or dense_steps.
 *
 * @return TB_OK; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_study_axes_read(const tb_yaml_node *entry, tb_arena *arena,
                                          tb_study_axes *out, tb_error *err);

/**
 * The values of all axes at a point.
 *
 *   combinations: mixed radix, the last axis fastest, zip's axes slowest and together
 *   random: u uniform in [0, 1) for each axis (zip: one); value floor(u n) of n
 *   latin:  u = (pi(point) + v) / count, v uniform; pi an order of the strata by axis, computed for
 *           the point alone by a keyed Feistel network over the next power of four (cycle walking)
 *
 * Source: McKay, Beckman and Conover, Technometrics 21(2), 1979 (latin hypercubes); Black and
 * Rogaway, CT-RSA 2002 (orders of a range by cycle walking).
 *
 * @param[in] point  0 to axes->points - 1; the same numbers whichever points came before
 * @param[out] out   TB_AXES_MAX entries
 */
void tb_study_axes_at(const tb_study_axes *axes, int64_t point, tb_study_sampler *sampler,
                      tb_axis_value *out);

/** The stratum of a point on a coordinate (zip is the first, then each axis of cross), for tests.
 */
int64_t tb_study_stratum(const tb_study_axes *axes, size_t coordinate, int64_t point);

#endif
