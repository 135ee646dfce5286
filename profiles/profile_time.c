/* The `time_us` of a run: a summary, or every sample. */
#include "profile_file.h"
#include "statistics.h"
#include "yaml_fields.h"

#include <math.h>

#define LEAST_US              1e-6 /* no launch is as short; 0 would divide errors */
#define SAMPLES_FOR_QUARTILES 3

static const char *const summary_keys[] = {"median", "n", "low", "high", "derived_from", NULL};
static const char *const sample_keys[] = {"samples", "set_aside", "derived_from", NULL};

static tb_status read_us(const tb_yaml_node *map, const char *key, double *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_double(node, LEAST_US, HUGE_VAL, out, err) : status;
}

static tb_status read_spread(const tb_yaml_node *map, tb_run_time *out, tb_error *err)
{
    const tb_yaml_node *low = tb_yaml_get(map, "low"), *high = tb_yaml_get(map, "high");
    if (low == NULL && high == NULL) {
        return TB_OK;
    }
    tb_status status = read_us(map, "low", &out->low_us, err);
    if (status == TB_OK) {
        status = read_us(map, "high", &out->high_us, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (out->low_us > out->median_us || out->high_us < out->median_us) {
        return tb_yaml_fail(out->low_us > out->median_us ? low : high, err,
                            "low %g, median %g, high %g; they must be in this order", out->low_us,
                            out->median_us, out->high_us);
    }
    out->has_spread = true;
    return TB_OK;
}

static tb_status read_summary(const tb_yaml_node *map, tb_run_time *out, tb_error *err)
{
    const tb_yaml_node *n = NULL;
    tb_status status = tb_yaml_check_keys(map, summary_keys, err);
    if (status == TB_OK) {
        status = read_us(map, "median", &out->median_us, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "n", &n, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_int(n, 1, INT64_MAX, &out->n, err);
    }
    return status == TB_OK ? read_spread(map, out, err) : status;
}

/* A list of at least one time. */
static tb_status read_times(const tb_yaml_node *list, tb_arena *arena, const double **out,
                            int64_t *out_count, tb_error *err)
{
    if (!tb_yaml_is_list(list) || tb_yaml_count(list) == 0) {
        return tb_yaml_fail(list, err, "a list of at least one time is needed here");
    }
    size_t count = tb_yaml_count(list);
    double *samples = tb_arena_array(arena, count, sizeof *samples);
    if (samples == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu samples", count);
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = tb_yaml_double(tb_yaml_item(list, i), LEAST_US, HUGE_VAL, &samples[i], err);
    }
    *out = samples;
    *out_count = (int64_t)count;
    return status;
}

static tb_status read_samples(const tb_yaml_node *map, tb_arena *arena, tb_run_time *out,
                              tb_error *err)
{
    const tb_yaml_node *aside = tb_yaml_get(map, "set_aside");
    tb_quartiles quartiles = {0};
    tb_status status = tb_yaml_check_keys(map, sample_keys, err);
    if (status == TB_OK) {
        status = read_times(tb_yaml_get(map, "samples"), arena, &out->samples_us, &out->n, err);
    }
    if (status == TB_OK && aside != NULL) {
        status = read_times(aside, arena, &out->set_aside_us, &out->set_aside, err);
    }
    if (status == TB_OK) {
        status = tb_quartiles_of(out->samples_us, (size_t)out->n, &quartiles, err);
    }
    out->median_us = quartiles.median;
    out->has_spread = out->n >= SAMPLES_FOR_QUARTILES;
    out->low_us = quartiles.low;
    out->high_us = quartiles.high;
    return status;
}

tb_status tb_run_time_read(const tb_yaml_node *node, tb_arena *arena, tb_run_time *out,
                           tb_error *err)
{
    tb_run_time time = {.given = true};
    tb_status status = tb_yaml_get(node, "samples") != NULL ? read_samples(node, arena, &time, err)
                                                            : read_summary(node, &time, err);
    if (status == TB_OK) {
        status = tb_field_text(node, "derived_from", false, &time.derived_from, err);
    }
    if (status == TB_OK) {
        *out = time;
    }
    return status;
}
