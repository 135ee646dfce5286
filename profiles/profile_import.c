#include "profile_import.h"

#include "file.h"
#include "measured_speedup.h"
#include "natten_command.h"
#include "natten_import.h"
#include "profile.h"
#include "profile_csv.h"
#include "yaml_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES        160
#define NATTEN_MAX_RANK 3

/* A table of a text, with all that its runs are written from. */
typedef struct text_run {
    const tb_natten_output *output;
    const tb_natten_table *table;
    tb_case item;
    bool backprop;
    char id[ID_BYTES], source[ID_BYTES];
    tb_natten_runs runs;
} text_run;

/* One file: either kind. */
typedef struct input {
    tb_profile *csv;          /* owned */
    tb_natten_output *output; /* owned */
} input;

typedef struct import {
    const tb_import_options *options;
    input *inputs;
    size_t input_count;
    text_run *runs; /* of all texts, in their order */
    size_t run_count;
    size_t asked_options; /* tables that needed the options' problem */
    tb_error *err;
} import;

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the imported runs");
}

static tb_natten_setup setup_of(const import *in, const text_run *run)
{
    return (tb_natten_setup){.item = &run->item,
                             .device = in->options->device,
                             .id = run->id,
                             .source = run->source,
                             .wants_backward = run->backprop};
}

/* The problem of a table: its own command line's, else the options'. */
static tb_status take_case(import *in, text_run *run)
{
    if (run->table->command != NULL) {
        return tb_natten_read_command(run->output, run->table, &run->item, &run->backprop, in->err);
    }
    in->asked_options++;
    if (in->options->item == NULL) {
        return tb_fail(in->err, TB_EINVAL,
                       "%s does not say which problem its table at line %d is of; give the options "
                       "that natten.profiler had, as -i 30x48x80 -w 18x24x24",
                       run->output->name, run->table->line);
    }
    run->item = *in->options->item;
    run->backprop = in->options->backprop;
    return TB_OK;
}

/* What natten.profiler itself would have refused. */
static tb_status check_as_natten(const tb_case *item, tb_error *err)
{
    const tb_tiling_request *tiling = &item->tiling;
    int rank = item->problem.layout.rank;
    if (rank > NATTEN_MAX_RANK) {
        return tb_fail(err, TB_EINVAL, "a layout of %d dimensions; natten.profiler has 1 to %d",
                       rank, NATTEN_MAX_RANK);
    }
    if ((tiling->q_dims != 0 || tiling->kv_dims != 0) &&
        (tiling->q_dims != rank || tiling->kv_dims != rank)) {
        return tb_fail(err, TB_EINVAL,
                       "tiles of %d and %d entries for a layout of %d; give --q-tile and --kv-tile "
                       "together, one entry a dimension",
                       tiling->q_dims, tiling->kv_dims, rank);
    }
    return TB_OK;
}

static tb_status check_case(const import *in, const text_run *run)
{
    tb_error inner = {0};
    tb_status status = check_as_natten(&run->item, &inner);
    if (status == TB_OK) {
        status = tb_problem_check(&run->item.problem, &inner);
    }
    if (status == TB_OK) {
        status = tb_pattern_check(&run->item.pattern, &run->item.problem.layout, &inner);
    }
    if (status == TB_OK || run->table->command == NULL) {
        return status == TB_OK ? status : tb_fail(in->err, status, "%s", inner.message);
    }
    return tb_fail_at(in->err, TB_EFILE, run->output->name, run->table->command_line, 1, "%s",
                      inner.message);
}

static void name_run(const import *in, text_run *run, const char *path, size_t number)
{
    char stem[128];
    tb_profile_stem(path, stem);
    if (number == 0) {
        (void)snprintf(run->id, sizeof run->id, "%s", stem);
    } else {
        (void)snprintf(run->id, sizeof run->id, "%s-%zu", stem, number + 1);
    }
    if (in->options->source != NULL) {
        (void)snprintf(run->source, sizeof run->source, "%s", in->options->source);
    } else {
        (void)snprintf(run->source, sizeof run->source, "natten.profiler, %s", stem);
    }
}

static tb_status take_table(import *in, const tb_natten_output *output, const char *path, size_t i)
{
    text_run *runs = realloc(in->runs, (in->run_count + 1) * sizeof *runs);
    if (runs == NULL) {
        return no_memory(in->err);
    }
    in->runs = runs;
    text_run *run = &runs[in->run_count];
    *run = (text_run){.output = output, .table = &output->tables[i]};
    name_run(in, run, path, i);
    tb_status status = take_case(in, run);
    if (status == TB_OK) {
        status = check_case(in, run);
    }
    if (status == TB_OK) {
        tb_natten_setup setup = setup_of(in, run);
        status = tb_natten_interpret(output, run->table, &setup, &run->runs, in->err);
    }
    in->run_count += status == TB_OK;
    return status;
}

static tb_status read_text(import *in, const char *path, input *out)
{
    tb_status status = tb_natten_read(path, &out->output, in->err);
    if (status == TB_OK && in->options->device == NULL) {
        status = tb_fail(in->err, TB_EINVAL,
                         "natten.profiler does not print the device; give --device for %s",
                         out->output->name);
    }
    for (size_t i = 0; status == TB_OK && i < out->output->count; i++) {
        status = take_table(in, out->output, path, i);
    }
    return status;
}

/* A mask's path is relative to its file, and the profile may be written elsewhere. */
static tb_status read_csv(const import *in, const char *path, input *out)
{
    tb_status status = tb_profile_load(path, &out->csv, in->err);
    for (size_t i = 0; status == TB_OK && i < out->csv->count; i++) {
        if (out->csv->runs[i].item.pattern.kind == TB_PATTERN_EXPLICIT) {
            status = tb_fail_at(in->err, TB_EFILE, tb_file_name(path), 0, 0,
                                "run '%s' has a mask file; runs of masks are not imported, give "
                                "the CSV file itself to the command that reads it",
                                out->csv->runs[i].id);
        }
    }
    return status;
}

static tb_status read_inputs(import *in, const char *const *paths, size_t count)
{
    tb_status status = TB_OK;
    for (; status == TB_OK && in->input_count < count; in->input_count++) {
        const char *path = paths[in->input_count];
        input *out = &in->inputs[in->input_count];
        status = tb_profile_is_csv(path) ? read_csv(in, path, out) : read_text(in, path, out);
    }
    return status;
}

/* What was given must have been of use. */
static tb_status check_options(const import *in)
{
    const tb_import_options *options = in->options;
    if (options->item != NULL && in->asked_options == 0) {
        return tb_fail(in->err, TB_EINVAL,
                       "every file states its problem; leave out the options that give one");
    }
    if (options->device != NULL && in->run_count == 0) {
        return tb_fail(in->err, TB_EINVAL, "CSV files name their devices; leave out --device");
    }
    if (options->source != NULL && in->run_count == 0) {
        return tb_fail(in->err, TB_EINVAL, "CSV files name their sources; leave out --source");
    }
    return TB_OK;
}

static bool is_baseline(const text_run *dense, const text_run *run, bool backward)
{
    return dense->runs.is_dense &&
           (backward ? dense->runs.has_backward : dense->runs.has_forward) &&
           tb_run_same_work(&dense->item.problem, &run->item.problem);
}

/* Id of the first dense run of the same work and pass, or NULL. */
static const char *find_baseline(const import *in, const text_run *run, bool backward,
                                 char out[static ID_BYTES + 16])
{
    for (size_t i = 0; i < in->run_count; i++) {
        if (is_baseline(&in->runs[i], run, backward)) {
            (void)snprintf(out, ID_BYTES + 16, "%s%s", in->runs[i].id, backward ? "-backward" : "");
            return out;
        }
    }
    return NULL;
}

static tb_status add_text_run(const import *in, tb_yaml_builder *tree, const text_run *run)
{
    char forward[ID_BYTES + 16], backward[ID_BYTES + 16];
    tb_natten_setup setup = setup_of(in, run);
    return tb_natten_add_runs(tree, run->table, &setup, &run->runs,
                              find_baseline(in, run, false, forward),
                              find_baseline(in, run, true, backward), in->err);
}

static tb_status add_csv_runs(const import *in, tb_yaml_builder *tree, const tb_profile *csv)
{
    const tb_yaml_node *runs = tb_yaml_get(tb_yaml_root(csv->file), "runs");
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(runs); i++) {
        status = tb_yaml_add_copy(tree, tb_yaml_item(runs, i), in->err);
    }
    return status;
}

static tb_status add_pair(const import *in, tb_yaml_builder *tree, const char *key,
                          const char *value)
{
    tb_yaml_place top = {1, 1};
    tb_status status = tb_yaml_add_scalar(tree, top, key, strlen(key), true, in->err);
    return status == TB_OK ? tb_yaml_add_scalar(tree, top, value, strlen(value), true, in->err)
                           : status;
}

static tb_status add_head(const import *in, tb_yaml_builder *tree, const char *path)
{
    char stem[128], summary[160];
    tb_yaml_place top = {1, 1};
    tb_profile_stem(path, stem);
    (void)snprintf(summary, sizeof summary, "runs imported from %zu %s", in->input_count,
                   in->input_count == 1 ? "file" : "files");
    tb_status status = tb_yaml_open_map(tree, top, in->err);
    if (status == TB_OK) {
        status = add_pair(in, tree, "schema", "tilebound/profile/1");
    }
    if (status == TB_OK) {
        status = add_pair(in, tree, "name", in->options->name != NULL ? in->options->name : stem);
    }
    if (status == TB_OK) {
        status = add_pair(in, tree, "summary", summary);
    }
    if (status == TB_OK) {
        status = tb_yaml_add_scalar(tree, top, "runs", 4, true, in->err);
    }
    return status == TB_OK ? tb_yaml_open_list(tree, top, in->err) : status;
}

static tb_status add_runs(const import *in, tb_yaml_builder *tree)
{
    tb_status status = TB_OK;
    for (size_t i = 0, next = 0; status == TB_OK && i < in->input_count; i++) {
        const input *from = &in->inputs[i];
        if (from->csv != NULL) {
            status = add_csv_runs(in, tree, from->csv);
        }
        for (; status == TB_OK && next < in->run_count && in->runs[next].output == from->output;
             next++) {
            status = add_text_run(in, tree, &in->runs[next]);
        }
    }
    return status;
}

static tb_status build(const import *in, const char *path, tb_yaml **out)
{
    tb_yaml_builder *tree = tb_yaml_builder_create("the imported runs");
    if (tree == NULL) {
        return no_memory(in->err);
    }
    tb_status status = add_head(in, tree, path);
    if (status == TB_OK) {
        status = add_runs(in, tree);
    }
    if (status == TB_OK) {
        status = tb_yaml_close(tree, in->err);
    }
    if (status == TB_OK) {
        status = tb_yaml_close(tree, in->err);
    }
    if (status == TB_OK) {
        status = tb_yaml_builder_finish(tree, out, in->err);
    }
    tb_yaml_builder_destroy(tree);
    return status;
}

tb_status tb_profile_import(const char *const *paths, size_t count,
                            const tb_import_options *options, tb_yaml **out, tb_error *err)
{
import in = {.options = options, .inputs = calloc(count, sizeof * in.inputs), .err = err };
    tb_status status = in.inputs == NULL ? no_memory(err) : read_inputs(&in, paths, count);
    if (status == TB_OK) {
        status = check_options(&in);
    }
    if (status == TB_OK) {
        status = build(&in, paths[0], out);
    }
    for (size_t i = 0; in.inputs != NULL && i < count; i++) {
        tb_profile_destroy(in.inputs[i].csv);
        tb_natten_output_destroy(in.inputs[i].output);
    }
    free(in.inputs);
    free(in.runs);
    return status;
}
