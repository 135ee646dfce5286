#include "measured_speedup.h"

#include "text.h"
#include "tile_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tb_run_same_work(const tb_problem *a, const tb_problem *b)
{
    return tb_layout_tokens(&a->layout) == tb_layout_tokens(&b->layout) && a->batch == b->batch &&
           a->heads == b->heads && a->heads_kv == b->heads_kv && a->dim == b->dim &&
           a->dim_value == b->dim_value && a->dtype == b->dtype && a->pass == b->pass &&
           a->extra_kv == b->extra_kv && a->extra_q == b->extra_q;
}

bool tb_run_same_clock(const tb_run *a, const tb_run *b)
{
    return a->clock == b->clock && a->is_processor_time == b->is_processor_time &&
           a->emulated == b->emulated;
}

const tb_run *tb_run_dense_baseline(const tb_profile *profile, const tb_run *run)
{
    const tb_run *baseline = run->has_baseline ? &profile->runs[run->baseline] : NULL;
    bool usable = baseline != NULL && baseline->simulable && baseline->time.given &&
                  baseline->device != NULL && strcmp(baseline->device, run->device) == 0 &&
                  tb_run_same_clock(baseline, run) &&
                  (baseline->item.pattern.kind == TB_PATTERN_DENSE ||
                   baseline->item.pattern.kind == TB_PATTERN_CAUSAL) &&
                  tb_run_same_work(&baseline->item.problem, &run->item.problem);
    return usable ? baseline : NULL;
}

/* What a run lacks to have a measured speedup, or NULL. */
static const char *find_lack(const tb_profile *profile, const tb_run *run)
{
    if (run->emulated) {
        return "it is emulated: its time says nothing of a device";
    }
    if (!run->simulable) {
        return run->why_not;
    }
    if (!run->time.given) {
        return "no time is stated";
    }
    if (run->device == NULL || run->kernel == NULL) {
        return run->device == NULL ? "its device has no model" : "its kernel has no model";
    }
    return tb_run_dense_baseline(profile, run) == NULL
               ? "it names no measured dense baseline of the same work"
               : NULL;
}

static void set_speedup(const tb_profile *profile, const tb_run *run, tb_measured_speedup *out)
{
    const tb_run *dense = tb_run_dense_baseline(profile, run);
    *out = (tb_measured_speedup){
        .run = run, .dense = dense, .speedup = dense->time.median_us / run->time.median_us};
}

static tb_status unknown_run(const tb_profile *profile, const char *id, tb_error *err)
{
    const char **names = calloc(profile->count, sizeof *names);
    if (names == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the names of runs");
    }
    for (size_t i = 0; i < profile->count; i++) {
        names[i] = profile->runs[i].id;
    }
    const char *nearest = tb_text_nearest(id, names, profile->count);
    free(names);
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "no run '%.60s' in profile %s; did you mean '%s'?", id,
                       profile->name, nearest);
    }
    return tb_fail(err, TB_EINVAL,
                   "no run '%.60s' in profile %s; 'tilebound list profiles %s' "
                   "names them",
                   id, profile->name, profile->name);
}

tb_status tb_measured_named(const tb_profile *profile, const char *id, tb_measured_speedup *out,
                            tb_error *err)
{
    const tb_run *run = tb_profile_find(profile, id);
    if (run == NULL) {
        return unknown_run(profile, id, err);
    }
    const char *lack = find_lack(profile, run);
    if (lack != NULL) {
        return tb_fail(err, TB_EINVAL, "run '%.60s' has no measured speedup: %s; name another run",
                       id, lack);
    }
    set_speedup(profile, run, out);
    return TB_OK;
}

static bool same_list(const int64_t *a, const int64_t *b, int count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool same_layout(const tb_layout *a, const tb_layout *b)
{
    return a->rank == b->rank && same_list(a->extent, b->extent, a->rank);
}

static bool same_gna(const tb_pattern *a, const tb_pattern *b, int rank)
{
    for (int d = 0; d < rank; d++) {
        if (a->causal[d] != b->causal[d]) {
            return false;
        }
    }
    return same_list(a->window, b->window, rank) && same_list(a->stride, b->stride, rank) &&
           same_list(a->dilation, b->dilation, rank);
}

/* Of layouts of the same rank. Explicit masks are of files, and never the same. */
static bool same_pattern(const tb_pattern *a, const tb_pattern *b, int rank)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case TB_PATTERN_DENSE:
    case TB_PATTERN_CAUSAL:
        return true;
    case TB_PATTERN_GNA:
        return same_gna(a, b, rank);
    case TB_PATTERN_LOCAL:
        return a->left == b->left && a->right == b->right;
    case TB_PATTERN_EXPLICIT:
        return false;
    default:
        break;
    }
    for (int i = 0; i < a->parts; i++) {
        if (i >= b->parts || !same_pattern(a->part[i], b->part[i], rank)) {
            return false;
        }
    }
    return tb_pattern_same_values(a, b);
}

bool tb_case_same_pattern(const tb_case *a, const tb_case *b)
{
    return a == b || (same_layout(&a->problem.layout, &b->problem.layout) &&
                      a->problem.pass == b->problem.pass &&
                      same_pattern(&a->pattern, &b->pattern, a->problem.layout.rank));
}

static bool same_tiling(const tb_tiling *a, const tb_tiling *b, const tb_layout *layout)
{
    int dims = tb_tiling_dims(a, layout);
    return a->kind == b->kind && a->kv_tiling == b->kv_tiling && a->order == b->order &&
           same_list(a->q_tile, b->q_tile, dims) && same_list(a->kv_tile, b->kv_tile, dims);
}

static bool is_half(tb_dtype dtype)
{
    return dtype == TB_DTYPE_FP16 || dtype == TB_DTYPE_BF16;
}

static bool same_problem(const tb_problem *a, const tb_problem *b)
{
    tb_problem as_b = *a;
    as_b.dtype = is_half(a->dtype) && is_half(b->dtype) ? b->dtype : a->dtype;
    return same_layout(&a->layout, &b->layout) && tb_run_same_work(&as_b, b);
}

/* Tiles that a run's kernel lacks make no match, and no error. */
static bool is_match(const tb_run *run, const tb_case *item, const tb_tiling *tiling,
                     const tb_kernel *kernel)
{
    tb_case other = tb_run_case(run, kernel);
    tb_tiling its;
    return same_problem(&item->problem, &other.problem) &&
           same_pattern(&item->pattern, &other.pattern, item->problem.layout.rank) &&
           tb_tiling_resolve(&other, kernel, &its, NULL) == TB_OK &&
           same_tiling(tiling, &its, &item->problem.layout);
}

/* The case as a run of it would be read: dense attention of flat tiles is flat. */
static tb_case as_run(const tb_case *item, const tb_kernel *kernel)
{
    tb_run run = {.item = *item};
    return tb_run_case(&run, kernel);
}

/* Ids of what could be meant, as many as a message holds. */
typedef struct candidates {
    char text[360];
    size_t used, count;
} candidates;

static void add_candidate(candidates *list, const char *id)
{
    list->count++;
    if (list->used + strlen(id) + 2 < sizeof list->text) {
        list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used,
                                       "%s%s", list->used > 0 ? ", " : "", id);
    }
}

static tb_status fail_unmatched(const tb_profile *profile, const tb_kernel *kernel,
                                const tb_device *device, const candidates *near, tb_error *err)
{
    if (near->count == 0) {
        return tb_fail(err, TB_EINVAL,
                       "profile %s has no measured speedup of %s on %s; give another --profile, "
                       "--kernel or --device",
                       profile->name, kernel->name, device->name);
    }
    return tb_fail(err, TB_EINVAL,
                   "no run of profile %s is this problem, pattern and tiling with %s on %s; name "
                   "one with --run: %s",
                   profile->name, kernel->name, device->name, near->text);
}

tb_status tb_measured_match(const tb_profile *profile, const tb_case *item, const tb_kernel *kernel,
                            const tb_device *device, tb_measured_speedup *out, tb_error *err)
{
    candidates near = {.count = 0}, found = {.count = 0};
    tb_case asked = as_run(item, kernel);
    const tb_run *match = NULL;
    tb_tiling tiling;
    tb_status status = tb_tiling_resolve(&asked, kernel, &tiling, err);
    if (status != TB_OK) {
        return status;
    }
    for (size_t i = 0; i < profile->count; i++) {
        const tb_run *run = &profile->runs[i];
        if (find_lack(profile, run) != NULL || strcmp(run->kernel, kernel->name) != 0 ||
            !tb_device_is_named(device, run->device)) {
            continue;
        }
        add_candidate(&near, run->id);
        if (is_match(run, &asked, &tiling, kernel)) {
            match = run;
            add_candidate(&found, run->id);
        }
    }
    if (found.count == 0) {
        return fail_unmatched(profile, kernel, device, &near, err);
    }
    if (found.count > 1) {
        return tb_fail(err, TB_EINVAL,
                       "%zu runs of profile %s are this case; name one with --run: "
                       "%s",
                       found.count, profile->name, found.text);
    }
    set_speedup(profile, match, out);
    return TB_OK;
}
