#include "profile_file.h"

#include "case_file.h"
#include "noise_file.h"
#include "run_counters.h"
#include "run_kernels.h"
#include "yaml_fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BOTH_PASSES   "forward+backward"
#define OTHER_PATTERN "other"

static const char *const run_keys[] = {
    "id",         "device",   "device_text", "kernel",  "kernel_text", "kind",
    "problem",    "pattern",  "tiling",      "time_us", "tflops",      "speedup",
    "permute_us", "includes", "baseline",    "quality", "source",      "notes",
    "emulated",   "extra",    "network",     "command", "cold",        "clock",
    "ended",      "pack_us",  "check",       "noise",   "kernels",     "launch_overhead_us",
    "counters",   NULL};
static const char *const network_keys[] = {"name",     "case",         "dense_steps",
                                           "dense_us", "dense_kernel", NULL};
static const char *const check_keys[] = {"rows", "worst", NULL};
static const char *const problem_keys[] = {"layout",   "batch",     "heads", "heads_kv",
                                           "dim",      "dim_value", "dtype", "pass",
                                           "extra_kv", "extra_q",   NULL};
static const char *const tiling_keys[] = {"kind", "kv_tiling", "order", "q_tile", "kv_tile", NULL};
static const char *const clock_names[] = {"wall", "processor", "cupti", "cuda-events"};
static const char *const quality_names[] = {"A", "B", "C"};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a profile");
}

static bool is_text(const tb_yaml_node *node, const char *wanted)
{
    const char *text = NULL;
    return tb_yaml_is_scalar(node) && tb_yaml_text(node, &text, NULL) == TB_OK &&
           strcmp(text, wanted) == 0;
}

static tb_status read_choice(const tb_yaml_node *map, const char *key, const char *const *names,
                             size_t count, size_t *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_choice(node, names, count, out, err) : status;
}

static tb_status read_stated(const tb_yaml_node *map, const char *key, tb_stated *out,
                             tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    out->given = node != NULL;
    return node == NULL ? TB_OK : tb_yaml_double(node, 0, HUGE_VAL, &out->value, err);
}

/* What `extra` and a pattern of kind `other` hold is the source's own: any mapping. */
static tb_status check_free_form(const tb_yaml_node *map, const char *key, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    if (node == NULL || tb_yaml_is_map(node)) {
        return TB_OK;
    }
    return tb_yaml_fail(node, err, "%s must be a mapping of facts", key);
}

/* A problem that the simulator has no words for: its sizes, and that its keys are known. */
static tb_status read_foreign_problem(const tb_yaml_node *map, tb_problem *out, tb_error *err)
{
    size_t rank = 0;
    const tb_yaml_node *layout = tb_yaml_get(map, "layout");
    tb_status status = tb_yaml_check_keys(map, problem_keys, err);
    if (status == TB_OK && layout != NULL) {
        status =
            tb_yaml_int_list(layout, TB_MAX_RANK, 1, INT64_MAX, out->layout.extent, &rank, err);
        out->layout.rank = (int)rank;
    }
    const struct {
        const char *key;
        int64_t *out;
    } sizes[] = {{"batch", &out->batch},
                 {"heads", &out->heads},
                 {"heads_kv", &out->heads_kv},
                 {"dim", &out->dim},
                 {"dim_value", &out->dim_value}};
    for (size_t i = 0; status == TB_OK && i < sizeof sizes / sizeof *sizes; i++) {
        status = tb_field_int(map, sizes[i].key, 1, sizes[i].out, err);
    }
    return status;
}

/* What the pattern language cannot express: *out says why, or is NULL. */
static tb_status find_foreign(const tb_yaml_node *node, tb_arena *arena, const char **out,
                              tb_error *err)
{
    const tb_yaml_node *pattern = tb_yaml_get(node, "pattern");
    const char *text = "no description", *reason = NULL;
    char why[400];
    *out = NULL;
    if (is_text(tb_yaml_get(tb_yaml_get(node, "problem"), "pass"), BOTH_PASSES)) {
        *out = "forward and backward together";
    }
    if (!is_text(tb_yaml_get(pattern, "kind"), OTHER_PATTERN)) {
        return TB_OK;
    }
    tb_status status = tb_field_text(pattern, "text", false, &text, err);
    if (status == TB_OK) {
        status = tb_field_text(pattern, "why_not", false, &reason, err);
    }
    if (status != TB_OK) {
        return status;
    }
    (void)snprintf(why, sizeof why, "its pattern cannot be expressed: %s%s%s%s", text,
                   reason != NULL ? " (" : "", reason != NULL ? reason : "",
                   reason != NULL ? ")" : "");
    *out = tb_arena_text(arena, why, strlen(why));
    return *out == NULL ? no_memory(err) : TB_OK;
}

/* Name the parts of the problem for which defaults stand in. */
static tb_status find_defaults(const tb_yaml_node *problem, tb_arena *arena, const char **out,
                               tb_error *err)
{
    static const char *const keys[] = {"batch", "heads", "heads_kv", "dim", "dtype", "pass"};
    char text[96] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (tb_yaml_get(problem, keys[i]) == NULL) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? ", " : "",
                                     keys[i]); /* all of them fit */
        }
    }
    *out = used > 0 ? tb_arena_text(arena, text, used) : NULL;
    return used > 0 && *out == NULL ? no_memory(err) : TB_OK;
}

/* A problem, pattern and tiling that have no words of ours: known keys, some sizes. */
static tb_status read_foreign_case(const tb_yaml_node *node, tb_case *out, tb_error *err)
{
    const tb_yaml_node *tiling = tb_yaml_get(node, "tiling");
    tb_status status = read_foreign_problem(tb_yaml_get(node, "problem"), &out->problem, err);
    return status == TB_OK && tiling != NULL ? tb_yaml_check_keys(tiling, tiling_keys, err)
                                             : status;
}

static tb_status read_own_case(const tb_yaml_node *node, const char *path, tb_case *out,
                               tb_error *err)
{
    tb_error inner = {0};
    const tb_yaml_node *problem = tb_yaml_get(node, "problem");
    tb_status status = tb_case_read_objects(node, path, out, err);
    if (status == TB_OK && out->problem.layout.rank > 0) {
        tb_case_normalize(out);
        if (tb_problem_check(&out->problem, &inner) != TB_OK) {
            return tb_yaml_fail(problem, err, "%s", inner.message);
        }
    }
    return status;
}

static tb_status read_case(const tb_yaml_node *node, const tb_profile *profile, tb_run *out,
                           tb_error *err)
{
    const tb_yaml_node *problem = NULL, *pattern = NULL;
    tb_status status = tb_yaml_need(node, "problem", &problem, err);
    if (status == TB_OK) {
        status = tb_yaml_need(node, "pattern", &pattern, err);
    }
    if (status == TB_OK) {
        status = find_foreign(node, profile->arena, &out->why_not, err);
    }
    if (status == TB_OK) {
        status = find_defaults(problem, profile->arena, &out->defaults, err);
    }
    if (status != TB_OK) {
        return status;
    }
    out->has_case = out->why_not == NULL;
    if (out->kind == TB_RUN_END_TO_END) {
        out->why_not = "a whole network";
    }
    out->simulable = out->why_not == NULL;
    status = out->has_case ? read_own_case(node, profile->path, &out->item, err)
                           : read_foreign_case(node, &out->item, err);
    if (status == TB_OK && out->item.problem.layout.rank == 0) {
        return tb_yaml_fail(problem, err, "layout is missing; give the layout's extents");
    }
    return status;
}

static tb_status read_names(const tb_yaml_node *node, tb_run *out, tb_error *err)
{
    const struct {
        const char *key;
        bool required;
        const char **out;
    } texts[] = {
        {"id", true, &out->id},
        {"device", false, &out->device},
        {"device_text", false, &out->device_text},
        {"kernel", false, &out->kernel},
        {"kernel_text", false, &out->kernel_text},
        {"source", false, &out->source},
        {"notes", false, &out->notes},
        {"command", false, &out->command},
        {"ended", false, &out->ended},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tb_status status = tb_field_text(node, texts[i].key, texts[i].required, texts[i].out, err);
        if (status != TB_OK) {
            return status;
        }
    }
    if (out->device_text == NULL) {
        out->device_text = out->device != NULL ? out->device : "not stated";
    }
    if (out->kernel_text == NULL) {
        out->kernel_text = out->kernel != NULL ? out->kernel : "not stated";
    }
    return TB_OK;
}

static tb_status read_kinds(const tb_yaml_node *node, bool is_bound, tb_run *out, tb_error *err)
{
    size_t kind = 0, includes = TB_INCLUDES_ATTENTION, quality = 0;
    tb_status status = read_choice(node, "kind", tb_run_kind_names, TB_RUN_KIND_COUNT, &kind, err);
    if (status == TB_OK && (!is_bound || tb_yaml_get(node, "includes") != NULL)) {
        status = read_choice(node, "includes", tb_run_includes_names, TB_RUN_INCLUDES_COUNT,
                             &includes, err);
    }
    const tb_yaml_node *grade = tb_yaml_get(node, "quality");
    if (status == TB_OK && grade != NULL) {
        status = tb_yaml_choice(grade, quality_names, sizeof quality_names / sizeof *quality_names,
                                &quality, err);
    }
    if (status != TB_OK) {
        return status;
    }
    out->kind = (tb_run_kind)kind;
    out->includes = (tb_run_includes)includes;
    out->quality = grade != NULL ? quality_names[quality] : NULL;
    bool whole_kind = out->kind == TB_RUN_END_TO_END;
    if (whole_kind != (out->includes == TB_INCLUDES_END_TO_END) && !is_bound) {
        return tb_yaml_fail(tb_yaml_get(node, "includes"), err,
                            "kind %s with includes %s; end-to-end is said of both or of neither",
                            tb_run_kind_names[kind], tb_run_includes_names[includes]);
    }
    return TB_OK;
}

/* Which clock took the time; the wall's where it is not said. */
static tb_status read_clock(const tb_yaml_node *node, tb_run *out, tb_error *err)
{
    static const tb_run_clock clocks[] = {TB_CLOCK_HOST, TB_CLOCK_HOST, TB_CLOCK_CUPTI,
                                          TB_CLOCK_EVENTS};
    size_t clock = 0;
    if (tb_yaml_get(node, "clock") == NULL) {
        return TB_OK;
    }
    tb_status status = read_choice(node, "clock", clock_names,
                                   sizeof clock_names / sizeof *clock_names, &clock, err);
    out->is_processor_time = clock == 1;
    out->clock = clocks[clock];
    return status;
}

static tb_status read_numbers(const tb_yaml_node *node, tb_arena *arena, tb_run *out, tb_error *err)
{
    const tb_yaml_node *time = tb_yaml_get(node, "time_us");
    const tb_yaml_node *emulated = tb_yaml_get(node, "emulated"), *cold = tb_yaml_get(node, "cold");
    tb_status status = time != NULL ? tb_run_time_read(time, arena, &out->time, err) : TB_OK;
    if (status == TB_OK) {
        status = read_stated(node, "tflops", &out->tflops, err);
    }
    if (status == TB_OK) {
        status = read_stated(node, "speedup", &out->speedup, err);
    }
    if (status == TB_OK) {
        status = read_stated(node, "permute_us", &out->permute_us, err);
    }
    if (status == TB_OK) {
        status = read_stated(node, "pack_us", &out->pack_us, err);
    }
    if (status == TB_OK && emulated != NULL) {
        status = tb_yaml_bool(emulated, &out->emulated, err);
    }
    if (status == TB_OK && cold != NULL) {
        status = tb_yaml_bool(cold, &out->is_cold, err);
    }
    if (status == TB_OK) {
        status = read_stated(node, "launch_overhead_us", &out->launch_overhead_us, err);
    }
    return status == TB_OK ? read_clock(node, out, err) : status;
}

/* check: {rows, worst} */
static tb_status read_check(const tb_yaml_node *map, tb_run_check *out, tb_error *err)
{
    const tb_yaml_node *worst = NULL;
    if (map == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(map, check_keys, err);
    if (status == TB_OK) {
        status = tb_field_int(map, "rows", 1, &out->rows, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "worst", &worst, err);
    }
    return status == TB_OK ? tb_yaml_double(worst, 0, 1, &out->worst, err) : status;
}

/* Which network a whole-network run is of. */
static tb_status read_network(const tb_yaml_node *node, tb_run *out, tb_error *err)
{
    const tb_yaml_node *map = tb_yaml_get(node, "network");
    tb_run_network *network = &out->network;
    if (map == NULL) {
        return TB_OK;
    }
    if (out->kind != TB_RUN_END_TO_END) {
        return tb_yaml_fail(map, err, "a network belongs to a run of kind end-to-end");
    }
    tb_status status = tb_yaml_check_keys(map, network_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(map, "name", true, &network->name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "case", false, &network->case_name, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "dense_kernel", false, &network->dense_kernel, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "dense_steps", 0, &network->dense_steps, err);
    }
    if (status == TB_OK) {
        status = read_stated(map, "dense_us", &network->dense_us, err);
    }
    if (status == TB_OK && network->case_name == NULL && !out->has_case) {
        return tb_yaml_fail(map, err,
                            "which pattern has each layer? give the network's case, as the run's "
                            "own pattern cannot be expressed");
    }
    return status;
}

tb_status tb_run_read(const tb_yaml_node *node, const tb_profile *profile, tb_run *out,
                      tb_error *err)
{
    out->item = tb_case_default();
    out->source = profile->source;
    tb_status status = tb_yaml_check_keys(node, run_keys, err);
    if (status == TB_OK) {
        status = read_names(node, out, err);
    }
    if (status == TB_OK) {
        status = read_kinds(node, profile->holds_bounds, out, err);
    }
    if (status == TB_OK) {
        status = read_case(node, profile, out, err);
    }
    if (status == TB_OK) {
        status = read_numbers(node, profile->arena, out, err);
    }
    if (status == TB_OK) {
        status = read_network(node, out, err);
    }
    if (status == TB_OK) {
        status = read_check(tb_yaml_get(node, "check"), &out->check, err);
    }
    if (status == TB_OK) {
        status = tb_noise_parse(tb_yaml_get(node, "noise"), &out->noise, err);
    }
    if (status == TB_OK) {
        status = tb_run_kernels_read(tb_yaml_get(node, "kernels"), profile->arena,
                                     &out->gpu_kernels, &out->gpu_kernel_count, err);
    }
    if (status == TB_OK) {
        status = tb_run_counters_read(tb_yaml_get(node, "counters"), &out->counters, err);
    }
    return status == TB_OK ? check_free_form(node, "extra", err) : status;
}
