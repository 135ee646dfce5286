/* tilebound explain: why the speedup is below the sparsity. */
#include "case_options.h"
#include "commands.h"
#include "device_options.h"
#include "explain.h"
#include "output.h"
#include "predict_time.h"
#include "predict_view.h"
#include "table.h"
#include "timing_view.h"
#include "version.h"

#include <stddef.h>

typedef struct explain_args {
    tb_case_args item;
    tb_device_args device;
    tb_output_args output;
    tb_arg_choice baseline;
} explain_args;

#define AT(field) offsetof(explain_args, field)

static const tb_option what_options[] = {
    {"baseline", '\0', TB_OPTION_CHOICE, NULL, "what the speedup is over (default self)",
     AT(baseline), 0, 0, tb_baseline_names, TB_BASELINE_COUNT},
};

static tb_document *make_document(const tb_prediction *p, const tb_device_choice *choice,
                                  const tb_timing *timing, const tb_explanation *explanation)
{
    tb_document *doc = tb_document_create("explain", TB_VERSION);
    tb_predict_request request = {
        .kernel = choice->kernel, .device = choice->device, .baseline_kernel = choice->baseline};
    tb_view_document(doc, p, choice->kernel);
    tb_view_timing_document(doc, timing, &request);
    tb_document_double(doc, "from", explanation->from);
    tb_document_double(doc, "to", explanation->to);
    tb_document_open_array(doc, "steps");
    for (size_t i = 0; i < explanation->count; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", explanation->steps[i].name);
        tb_document_double(doc, "factor", explanation->steps[i].factor);
        tb_document_text(doc, "advice", explanation->steps[i].advice);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return doc;
}

/* Advice is worth printing for steps that cost something. */
#define WORTH_ADVICE 0.995

static void print_steps(tb_buffer *out, const tb_explanation *explanation)
{
    static const char *const heads[] = {"step", "factor", "speedup", "what would remove it"};
    tb_table table = tb_table_begin("lrrl");
    double now = explanation->from;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    tb_table_cell(&table, "by FLOPs");
    tb_table_cell(&table, "%s", "");
    tb_table_cell(&table, "%.2f", now);
    tb_table_cell(&table, "%s", "");
    for (size_t i = 0; i < explanation->count; i++) {
        const tb_explain_step *step = &explanation->steps[i];
        now *= step->factor;
        tb_table_cell(&table, "%s", step->name);
        tb_table_cell(&table, "x %.3f", step->factor);
        tb_table_cell(&table, "%.2f", now);
        tb_table_cell(&table, "%s", step->factor < WORTH_ADVICE ? step->advice : "");
    }
    tb_table_print(&table, out);
}

static void print_head(tb_buffer *out, const tb_prediction *p, const tb_device_choice *choice,
                       const tb_timing *timing)
{
    char pattern[256], layout[96];
    int rank = p->problem.layout.rank;
    tb_buffer_printf(out, "%s over %s, %s on %s (%s), over %s dense (%s)\n\n",
                     tb_view_pattern(&p->pattern, rank, pattern),
                     tb_view_dims(p->problem.layout.extent, rank, layout), choice->kernel->name,
                     choice->device->name, tb_basis_names[timing->time.basis],
                     choice->baseline->name, tb_basis_names[timing->dense.basis]);
}

static tb_status explain_case(const explain_args *args, const tb_case *item,
                              const tb_device_choice *choice, tb_error *err)
{
    tb_prediction p;
    tb_timing timing;
    tb_explanation explanation;
    tb_status status = tb_predict(item, choice->kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_predict_time(&p, choice->kernel, choice->device, choice->baseline, &timing, err);
    if (status == TB_OK) {
        status = tb_explain(&p, choice->kernel, &timing, &explanation, err);
    }
    if (status == TB_OK) {
        tb_output_warnings(&p.warnings);
    }
    if (status == TB_OK && tb_output_format(&args->output) != TB_FORMAT_TABLE) {
        tb_document *doc = make_document(&p, choice, &timing, &explanation);
        status = tb_output_document(&args->output, doc, "steps", err);
    } else if (status == TB_OK) {
        tb_buffer text = {0};
        print_head(&text, &p, choice, &timing);
        print_steps(&text, &explanation);
        status = tb_output_text(&args->output, &text, err);
    }
    tb_prediction_release(&p);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const explain_args *args = arguments;
    (void)positional;
    tb_device_choice choice = {0};
    tb_case item = tb_case_default();
    if (args->device.device == NULL) {
        return tb_fail(err, TB_EINVAL, "explain on which device? give --device");
    }
    tb_status status = tb_device_choose(&args->device, args->item.kernel, &choice, err);
    if (status == TB_OK && choice.kernel == NULL) {
        status = tb_fail(err, TB_EINVAL, "device %s has no default kernel; give --kernel",
                         choice.device->name);
    }
    if (status == TB_OK) {
        status = tb_case_apply(&args->item, &item, err);
    }
    item.baseline = args->baseline.given ? (tb_baseline)args->baseline.index : TB_BASELINE_SELF;
    if (status == TB_OK) {
        status = explain_case(args, &item, &choice, err);
    }
    tb_case_release(&item);
    tb_device_choice_release(&choice);
    return status;
}

static const tb_option_group groups[] = {
    {"What to explain", what_options, 1, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"Device", tb_device_options, TB_DEVICE_OPTION_COUNT, AT(device)},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound explain -i 30x48x80 -w 18x24x24 -n 24 --device h100-sxm --q-tile 2x8x8 --kv-tile "
     "2x8x8",
     "where the eleven-fold saving of HunyuanVideo's window goes on an H100"},
};

const tb_command tb_cmd_explain = {
    .name = "explain",
    .group = "ask",
    .summary = "why the speedup is below the sparsity, factor by factor",
    .description =
        "A waterfall from the speedup that FLOPs promise down to the predicted one. The factors\n"
        "multiply back exactly; each says what would remove it.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(explain_args),
    .run = run,
};
