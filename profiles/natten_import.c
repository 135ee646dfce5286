#include "natten_import.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATTEN_DIM 64 /* of natten.profiler -d, as its dtype is fp16 */

typedef enum op_role {
    ROLE_FORWARD,
    ROLE_BACKWARD,
    ROLE_PERMUTE, /* or copies that may be that */
    ROLE_OTHER
} op_role;

/* A kernel by what its operation's name has in it. */
typedef struct op_kind {
    const char *framework; /* or NULL: any */
    const char *operation;
    op_role role;
    bool dense;
    const char *kernel; /* name of ours; "" = by architecture; NULL = none */
    const char *text;   /* what the source calls it; "" = by architecture */
} op_kind;

/* In this order: the first that fits counts. */
static const op_kind op_kinds[] = {
    {NULL, "FnaForward", ROLE_FORWARD, false, "", ""},
    {NULL, "FnaBackward", ROLE_BACKWARD, false, "", ""},
    {NULL, "FmhaForward", ROLE_FORWARD, true, NULL, ""},
    {NULL, "FmhaBackward", ROLE_BACKWARD, true, NULL, ""},
    {"cuDNN", "fprop", ROLE_FORWARD, true, "cudnn", "cuDNN"},
    {"cuDNN", "bprop", ROLE_BACKWARD, true, "cudnn", "cuDNN"},
    {NULL, "flash_fwd", ROLE_FORWARD, true, "fa2", "PyTorch FlashAttention-2"},
    {NULL, "flash_bwd", ROLE_BACKWARD, true, "fa2", "PyTorch FlashAttention-2"},
    {NULL, "fmha_cutlassF", ROLE_FORWARD, true, NULL, "PyTorch xFormers"},
    {NULL, "fmha_cutlassB", ROLE_BACKWARD, true, NULL, "PyTorch xFormers"},
    {NULL, "flex_attention_backward", ROLE_BACKWARD, false, "flex-fna", "NATTEN flex-fna"},
    {NULL, "flex_attention", ROLE_FORWARD, false, "flex-fna", "NATTEN flex-fna"},
    {NULL, "TokenPermute", ROLE_PERMUTE, false, NULL, NULL},
    {"PyTorch", "elementwise_kernel", ROLE_PERMUTE, false, NULL, NULL},
};

/* NATTEN's own kernels, by the architecture that they are written for. */
typedef struct family {
    int64_t from; /* Sm, the least */
    const char *fna, *fna_text, *fmha_text;
} family;

static const family families[] = {
    {100, "cutlass-blackwell-fna", "NATTEN blackwell-fna", "NATTEN blackwell-fmha"},
    {90, "cutlass-hopper-fna", "NATTEN hopper-fna", "NATTEN hopper-fmha"},
    {0, "cutlass-fna", "NATTEN cutlass-fna", "NATTEN cutlass-fmha"},
};

tb_case tb_natten_default_case(void)
{
    tb_case item = tb_case_default();
    item.problem.dim = item.problem.dim_value = NATTEN_DIM;
    item.problem.dtype = TB_DTYPE_FP16;
    return item;
}

static const op_kind *find_kind(const tb_natten_op *op)
{
    for (size_t i = 0; i < sizeof op_kinds / sizeof *op_kinds; i++) {
        const op_kind *kind = &op_kinds[i];
        if (strstr(op->operation, kind->operation) != NULL &&
            (kind->framework == NULL || strcmp(op->framework, kind->framework) == 0)) {
            return kind;
        }
    }
    return NULL;
}

/* 90 of "Sm90"; 0 where none is named. */
static int64_t arch_number(const tb_natten_op *op)
{
    int64_t number = 0;
    bool named = strncmp(op->arch, "Sm", 2) == 0 && tb_text_int(op->arch + 2, &number);
    return named && number > 0 ? number : 0;
}

static tb_status TB_PRINTF(4, 5)
    fail_at(const tb_natten_output *output, int line, tb_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status = tb_fail_at_v(err, TB_EFILE, output->name, line, 1, format, arguments);
    va_end(arguments);
    return status;
}

static void set_kernel(const tb_natten_op *op, const op_kind *kind, tb_natten_runs *out)
{
    size_t i = 0;
    int64_t arch = arch_number(op);
    out->is_dense = kind->dense;
    out->kernel = kind->kernel;
    if (kind->text[0] != '\0') {
        (void)snprintf(out->kernel_text, sizeof out->kernel_text, "%s: %s", kind->text,
                       op->operation);
        return;
    }
    while (families[i].from > arch) {
        i++;
    }
    out->kernel = kind->kernel != NULL ? families[i].fna : NULL;
    (void)snprintf(out->kernel_text, sizeof out->kernel_text, "%s",
                   kind->kernel != NULL ? families[i].fna_text : families[i].fmha_text);
}

/* See that the kernel can be what ran on this device. */
static tb_status check_arch(const tb_natten_output *output, const tb_natten_op *op,
                            const tb_device *device, tb_error *err)
{
    int64_t arch = arch_number(op);
    if (arch <= device->compute_capability) {
        return TB_OK;
    }
    return fail_at(output, op->line, err,
                   "%s of %s did not run on %s; give the --device that it "
                   "ran on",
                   op->operation, op->arch, device->name);
}

/* Take the kernel of one pass. A second one of the pass is over extra KV, or part of a backward
 * pass that is several kernels. */
static tb_status take_attention(const tb_natten_output *output, const tb_natten_op *op,
                                const op_kind *kind, const tb_natten_setup *setup,
                                tb_natten_runs *out, tb_error *err)
{
    bool forward = kind->role == ROLE_FORWARD;
    bool again = forward ? out->has_forward : out->has_backward;
    if (again && setup->item->problem.extra_kv == 0 && (forward || out->is_dense != kind->dense)) {
        return fail_at(output, op->line, err,
                       "a second attention kernel, %s, without extra KV tokens; one run has one",
                       op->operation);
    }
    tb_status status = check_arch(output, op, setup->device, err);
    if (status != TB_OK) {
        return status;
    }
    bool first = !out->has_forward && !out->has_backward;
    if (first || (out->is_dense && !kind->dense)) { /* FNA names the run, not its FMHA helper */
        set_kernel(op, kind, out);
    }
    *(forward ? &out->has_forward : &out->has_backward) = true;
    *(forward ? &out->forward_us : &out->backward_us) += op->time_us;
    return TB_OK;
}

static void note_other(const tb_natten_op *op, tb_natten_runs *out)
{
    size_t used = strlen(out->notes);
    if (used + 64 < sizeof out->notes) {
        (void)snprintf(out->notes + used, sizeof out->notes - used, "%s%.80s %.3f us",
                       used == 0 ? "also in the table: " : "; ", op->operation, op->time_us);
    }
}

/* A single dimension without dilation needs no permutation, whatever was copied. */
static bool permutes(const tb_natten_setup *setup, const tb_natten_runs *runs)
{
    const tb_problem *problem = &setup->item->problem;
    bool needs = problem->layout.rank > 1 || tb_pattern_dilation(&setup->item->pattern, 0) > 1;
    return needs && !runs->is_dense && !runs->has_backward && problem->extra_kv == 0;
}

static tb_status check_runs(const tb_natten_output *output, const tb_natten_table *table,
                            const tb_natten_setup *setup, const tb_natten_runs *runs, tb_error *err)
{
    tb_pattern_kind kind = setup->item->pattern.kind;
    if (!runs->has_forward && !runs->has_backward) {
        return fail_at(output, table->line, err, "no attention kernel in the table");
    }
    if (setup->wants_backward && !runs->has_backward) {
        return fail_at(output, table->line, err,
                       "no backward kernel in the table; leave --backprop out");
    }
    if (!runs->is_dense && kind != TB_PATTERN_GNA && kind != TB_PATTERN_CAUSAL) {
        return fail_at(output, table->line, err,
                       "%s ran neighborhood attention; give its --window-size", runs->kernel_text);
    }
    return TB_OK;
}

tb_status tb_natten_interpret(const tb_natten_output *output, const tb_natten_table *table,
                              const tb_natten_setup *setup, tb_natten_runs *out, tb_error *err)
{
    tb_natten_runs runs = {.kernel = NULL};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < table->count; i++) {
        const tb_natten_op *op = &table->ops[i];
        const op_kind *kind = find_kind(op);
        if (kind != NULL && kind->role <= ROLE_BACKWARD) {
            status = take_attention(output, op, kind, setup, &runs, err);
        } else if (strcmp(op->category, "attention") == 0) {
            status = fail_at(output, op->line, err, "attention kernel '%s' is not known here",
                             op->operation);
        }
    }
    if (status == TB_OK) {
        status = check_runs(output, table, setup, &runs, err);
    }
    if (status != TB_OK) {
        return status;
    }
    for (size_t i = 0; i < table->count; i++) {
        const op_kind *kind = find_kind(&table->ops[i]);
        if (kind != NULL && kind->role == ROLE_PERMUTE && permutes(setup, &runs)) {
            runs.has_permute = true;
            runs.permute_us += table->ops[i].time_us;
        } else if (kind == NULL || kind->role > ROLE_BACKWARD) {
            note_other(&table->ops[i], &runs);
        }
    }
    *out = runs;
    return TB_OK;
}

/* One run as it is written: keys and values into the mapping that is open. */
typedef struct writer {
    tb_yaml_builder *tree;
    tb_yaml_place place;
    tb_status status; /* sticky */
    tb_error *err;
} writer;

static void put_scalar(writer *w, const char *text)
{
    if (w->status == TB_OK) {
        w->status = tb_yaml_add_scalar(w->tree, w->place, text, strlen(text), true, w->err);
    }
}

static void put_text(writer *w, const char *key, const char *text)
{
    if (text != NULL) {
        put_scalar(w, key);
        put_scalar(w, text);
    }
}

static void put_int(writer *w, const char *key, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    put_text(w, key, text);
}

static void put_double(writer *w, const char *key, double value)
{
    char text[32];
    put_text(w, key, tb_text_shortest(value, text));
}

static void open_map(writer *w, const char *key)
{
    if (key != NULL) {
        put_scalar(w, key);
    }
    if (w->status == TB_OK) {
        w->status = tb_yaml_open_map(w->tree, w->place, w->err);
    }
}

static void close_node(writer *w)
{
    if (w->status == TB_OK) {
        w->status = tb_yaml_close(w->tree, w->err);
    }
}

static void put_ints(writer *w, const char *key, const int64_t *values, int count)
{
    char text[32];
    put_scalar(w, key);
    if (w->status == TB_OK) {
        w->status = tb_yaml_open_list(w->tree, w->place, w->err);
    }
    for (int i = 0; i < count; i++) {
        (void)snprintf(text, sizeof text, "%lld", (long long)values[i]);
        put_scalar(w, text);
    }
    close_node(w);
}

static void put_problem(writer *w, const tb_problem *problem, bool backward)
{
    open_map(w, "problem");
    put_ints(w, "layout", problem->layout.extent, problem->layout.rank);
    put_int(w, "batch", problem->batch);
    put_int(w, "heads", problem->heads);
    put_int(w, "heads_kv", problem->heads_kv);
    put_int(w, "dim", problem->dim);
    put_int(w, "dim_value", problem->dim_value);
    put_text(w, "dtype", tb_dtype_names[problem->dtype]);
    put_text(w, "pass", tb_pass_names[backward ? TB_PASS_BACKWARD : TB_PASS_FORWARD]);
    if (problem->extra_kv > 0) {
        put_int(w, "extra_kv", problem->extra_kv);
    }
    close_node(w);
}

static void put_causal(writer *w, const bool *causal, int rank)
{
    put_scalar(w, "causal");
    if (w->status == TB_OK) {
        w->status = tb_yaml_open_list(w->tree, w->place, w->err);
    }
    for (int d = 0; d < rank; d++) {
        put_scalar(w, causal[d] ? "true" : "false");
    }
    close_node(w);
}

static void put_pattern(writer *w, const tb_case *item, bool dense)
{
    const tb_pattern *pattern = &item->pattern;
    int rank = item->problem.layout.rank;
    open_map(w, "pattern");
    put_text(w, "kind", dense ? "dense" : tb_pattern_types[pattern->kind]->name);
    if (!dense && pattern->kind == TB_PATTERN_GNA) {
        put_ints(w, "window", pattern->window, rank);
        put_ints(w, "stride", pattern->stride, rank);
        put_ints(w, "dilation", pattern->dilation, rank);
        put_causal(w, pattern->causal, rank);
    }
    close_node(w);
}

/* Tiles as given, which are of the forward pass, else as the table says. */
static void put_tiling(writer *w, const tb_natten_table *table, const tb_tiling_request *given,
                       bool backward)
{
    tb_tiling_request tiling = {.q_dims = table->best[backward].q_dims,
                                .kv_dims = table->best[backward].kv_dims};
    memcpy(tiling.q_tile, table->best[backward].q_tile, sizeof tiling.q_tile);
    memcpy(tiling.kv_tile, table->best[backward].kv_tile, sizeof tiling.kv_tile);
    if (!backward && (given->q_dims > 0 || given->kv_dims > 0)) {
        tiling = *given;
    }
    if (tiling.q_dims == 0 && tiling.kv_dims == 0) {
        return;
    }
    open_map(w, "tiling");
    if (tiling.q_dims > 0) {
        put_ints(w, "q_tile", tiling.q_tile, tiling.q_dims);
    }
    if (tiling.kv_dims > 0) {
        put_ints(w, "kv_tile", tiling.kv_tile, tiling.kv_dims);
    }
    close_node(w);
}

static void put_run(writer *w, const tb_natten_table *table, const tb_natten_setup *setup,
                    const tb_natten_runs *runs, bool backward, const char *baseline)
{
    char id[200];
    bool dense = runs->is_dense;
    (void)snprintf(id, sizeof id, "%s%s", setup->id, backward ? "-backward" : "");
    open_map(w, NULL);
    put_text(w, "id", id);
    put_text(w, "device", setup->device->name);
    put_text(w, "kernel", runs->kernel);
    put_text(w, "kernel_text", runs->kernel_text);
    put_text(w, "kind", dense ? "dense" : "sparse");
    put_problem(w, &setup->item->problem, backward);
    put_pattern(w, setup->item, dense);
    if (!dense) {
        put_tiling(w, table, &setup->item->tiling, backward);
    }
    open_map(w, "time_us");
    put_double(w, "median", backward ? runs->backward_us : runs->forward_us);
    put_int(w, "n", 1);
    close_node(w);
    if (runs->has_permute && !backward) {
        put_double(w, "permute_us", runs->permute_us);
    }
    put_text(w, "includes", "attention");
    put_text(w, "baseline", dense ? NULL : baseline);
    put_text(w, "source", setup->source);
    put_text(w, "notes", runs->notes[0] != '\0' ? runs->notes : NULL);
    close_node(w);
}

tb_status tb_natten_add_runs(tb_yaml_builder *builder, const tb_natten_table *table,
                             const tb_natten_setup *setup, const tb_natten_runs *runs,
                             const char *baseline, const char *backward_baseline, tb_error *err)
{
    writer w = {.tree = builder, .place = {table->line, 1}, .status = TB_OK, .err = err};
    if (runs->has_forward) {
        put_run(&w, table, setup, runs, false, baseline);
    }
    if (runs->has_backward) {
        put_run(&w, table, setup, runs, true, backward_baseline);
    }
    return w.status;
}
