/* tilebound explain: why the speedup is below the sparsity. */
#include "case_options.h"
#include "commands.h"
#include "device_options.h"
#include "explain.h"
#include "measured_speedup.h"
#include "mechanism_view.h"
#include "output.h"
#include "predict_time.h"
#include "predict_view.h"
#include "table.h"
#include "timing_view.h"
#include "units.h"
#include "version.h"

#include <stddef.h>
#include <string.h>

typedef struct explain_args {
    tb_case_args item;
    tb_device_args device;
    tb_output_args output;
    tb_arg_choice baseline;
    const char *mechanism;
    tb_arg_int seed;
    const char *profile;
    const char *run;
} explain_args;

#define AT(field) offsetof(explain_args, field)

static const tb_option what_options[] = {
    {"baseline", '\0', TB_OPTION_CHOICE, NULL, "what the speedup is over (default self)",
     AT(baseline), 0, 0, tb_baseline_names, TB_BASELINE_COUNT},
    {"mechanism", '\0', TB_OPTION_TEXT, "NAME",
     "a whole method, stage by stage, by name or YAML file", AT(mechanism), 0, 0, NULL, 0},
    {"seed", '\0', TB_OPTION_INT, "N",
     "which instance of a mechanism's random patterns (default 0)", AT(seed), 0, INT64_MAX, NULL,
     0},
    {"profile", '\0', TB_OPTION_TEXT, "NAME",
     "down to the speedup that a run of this profile measured, by name or file", AT(profile), 0, 0,
     NULL, 0},
    {"run", '\0', TB_OPTION_TEXT, "ID",
     "that run of the profile: problem, device and kernel come from it", AT(run), 0, 0, NULL, 0},
};

/* What the command holds while it runs. */
typedef struct inputs {
    tb_case item;                 /* owned, but for the mask of a run's */
    tb_device_choice choice;      /* owned */
    tb_profile *profile;          /* owned; NULL without --profile */
    tb_measured_speedup measured; /* where there is a profile */
    bool item_of_run;             /* the profile owns the item's mask */
} inputs;

static tb_explain_measured measured_times(const tb_measured_speedup *measured)
{
    return (tb_explain_measured){
        .attention_us = measured->run->time.median_us,
        .dense_us = measured->dense->time.median_us,
        .with_permutation = measured->run->includes == TB_INCLUDES_PERMUTATION,
    };
}

static void put_measured(tb_document *doc, const tb_measured_speedup *measured,
                         const tb_timing *timing)
{
    tb_explain_measured times = measured_times(measured);
    tb_document_open_object(doc, "measured");
    tb_document_text(doc, "run", measured->run->id);
    tb_document_text(doc, "dense_run", measured->dense->id);
    tb_document_text(doc, "includes", tb_run_includes_names[measured->run->includes]);
    tb_document_double(doc, "speedup", measured->speedup);
    tb_document_double(doc, "predicted_speedup", tb_explain_compared_with(timing, &times));
    tb_document_double(doc, "attention_us", times.attention_us);
    tb_document_double(doc, "dense_us", times.dense_us);
    tb_document_close(doc);
}

static tb_document *make_document(const tb_prediction *p, const inputs *in, const tb_timing *timing,
                                  const tb_explanation *explanation)
{
    const tb_device_choice *choice = &in->choice;
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
    if (in->profile != NULL) {
        put_measured(doc, &in->measured, timing);
    }
    return doc;
}

/* Advice is worth printing for steps that cost something. */
#define WORTH_ADVICE 0.995

static void print_step(tb_table *table, const tb_explain_step *step, double now, bool advise)
{
    tb_table_cell(table, "%s", step->name);
    tb_table_cell(table, "x %.3f", step->factor);
    tb_table_cell(table, "%.2f", now);
    tb_table_cell(table, "%s", advise ? step->advice : "");
}

/* `measured` is NULL without a profile; the last step leads to it, from what it is compared with.
 */
static void print_steps(tb_buffer *out, const tb_explanation *explanation,
                        const tb_measured_speedup *measured)
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
    for (size_t i = 0; i < TB_EXPLAIN_STEPS; i++) {
        const tb_explain_step *step = &explanation->steps[i];
        now *= step->factor;
        print_step(&table, step, now, step->factor < WORTH_ADVICE);
    }
    if (measured != NULL) {
        print_step(&table, &explanation->steps[TB_EXPLAIN_STEPS], measured->speedup, true);
    }
    tb_table_print(&table, out);
}

/* What the last step is over, for it need not be the row above. */
static void print_measured(tb_buffer *out, const tb_measured_speedup *measured,
                           const tb_timing *timing)
{
    char run[48], dense[48];
    tb_explain_measured times = measured_times(measured);
    tb_buffer_printf(
        out, "\nmeasured %.2f x: %s, %s %s permutation, over %s of %s; predicted %.2f x\n",
        measured->speedup, measured->run->id, tb_units_time_us(times.attention_us, run),
        times.with_permutation ? "with" : "without", tb_units_time_us(times.dense_us, dense),
        measured->dense->id, tb_explain_compared_with(timing, &times));
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

static tb_status print(const explain_args *args, const inputs *in, const tb_prediction *p,
                       const tb_timing *timing, const tb_explanation *explanation, tb_error *err)
{
    const tb_measured_speedup *measured = in->profile != NULL ? &in->measured : NULL;
    tb_output_warnings(&p->warnings);
    if (tb_output_format(&args->output) != TB_FORMAT_TABLE) {
        tb_document *doc = make_document(p, in, timing, explanation);
        return tb_output_document(&args->output, doc, "steps", err);
    }
    tb_buffer text = {0};
    print_head(&text, p, &in->choice, timing);
    print_steps(&text, explanation, measured);
    if (measured != NULL) {
        print_measured(&text, measured, timing);
    }
    return tb_output_text(&args->output, &text, err);
}

static tb_status explain_case(const explain_args *args, const inputs *in, tb_error *err)
{
    const tb_device_choice *choice = &in->choice;
    tb_prediction p;
    tb_timing timing;
    tb_explanation explanation;
    tb_status status = tb_predict(&in->item, choice->kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_predict_time(&p, choice->kernel, choice->device, choice->baseline, &timing, err);
    if (status == TB_OK) {
        status = tb_explain(&p, choice->kernel, &timing, &explanation, err);
    }
    if (status == TB_OK && in->profile != NULL) {
        tb_explain_measured times = measured_times(&in->measured);
        tb_explain_add_measured(&timing, &times, &explanation);
    }
    if (status == TB_OK) {
        status = print(args, in, &p, &timing, &explanation, err);
    }
    tb_prediction_release(&p);
    return status;
}

static tb_status choose_device(const tb_device_args *device, const char *kernel, inputs *in,
                               tb_error *err)
{
    if (device->device == NULL) {
        return tb_fail(err, TB_EINVAL, "explain on which device? give --device");
    }
    tb_status status = tb_device_choose(device, kernel, &in->choice, err);
    if (status == TB_OK && in->choice.kernel == NULL) {
        status = tb_fail(err, TB_EINVAL, "device %s has no default kernel; give --kernel",
                         in->choice.device->name);
    }
    return status;
}

/* The device and kernel may be given beside --run, as files of their names. */
static tb_status check_models(const inputs *in, tb_error *err)
{
    const tb_run *run = in->measured.run;
    if (!tb_device_is_named(in->choice.device, run->device)) {
        return tb_fail(err, TB_EINVAL, "run '%s' was on %s, not on %s; leave --device out", run->id,
                       run->device, in->choice.device->name);
    }
    if (strcmp(in->choice.kernel->name, run->kernel) != 0) {
        return tb_fail(err, TB_EINVAL, "run '%s' is of %s, not of %s; leave --kernel out", run->id,
                       run->kernel, in->choice.kernel->name);
    }
    return TB_OK;
}

/* --run: the case, and what is not given of device and kernel, come from the run. */
static tb_status take_run(const explain_args *args, inputs *in, tb_error *err)
{
    tb_device_args device = args->device;
    tb_case_args rest = args->item;
    rest.kernel = NULL;
    if (tb_case_args_any(&rest)) {
        return tb_fail(err, TB_EINVAL,
                       "--run takes problem, pattern and tiling from the profile; leave out the "
                       "options that give them");
    }
    tb_status status = tb_measured_named(in->profile, args->run, &in->measured, err);
    if (status != TB_OK) {
        return status;
    }
    const tb_run *run = in->measured.run;
    device.device = device.device != NULL ? device.device : run->device;
    status = choose_device(&device, args->item.kernel != NULL ? args->item.kernel : run->kernel, in,
                           err);
    if (status == TB_OK) {
        status = check_models(in, err);
    }
    if (status == TB_OK) {
        in->item = tb_run_case(run, in->choice.kernel);
        in->item_of_run = true;
    }
    return status;
}

static tb_status take_options(const explain_args *args, inputs *in, tb_error *err)
{
    tb_status status = choose_device(&args->device, args->item.kernel, in, err);
    if (status == TB_OK) {
        status = tb_case_apply(&args->item, &in->item, err);
    }
    if (status == TB_OK && in->profile != NULL) {
        status = tb_measured_match(in->profile, &in->item, in->choice.kernel, in->choice.device,
                                   &in->measured, err);
    }
    return status;
}

/* A measured speedup is over what its baseline ran: so is the predicted one, where not told
 * otherwise. */
static tb_status take_baseline(const explain_args *args, inputs *in, tb_error *err)
{
    tb_baseline measured = TB_BASELINE_SELF;
    const char *kernel = NULL;
    if (in->profile != NULL) {
        const tb_run *dense = in->measured.dense;
        measured =
            dense->item.pattern.kind == TB_PATTERN_CAUSAL ? TB_BASELINE_CAUSAL : TB_BASELINE_SELF;
        kernel = dense->kernel;
        if (args->baseline.given && (tb_baseline)args->baseline.index != measured) {
            return tb_fail(err, TB_EINVAL,
                           "run '%s' was measured over %s attention; leave out "
                           "--baseline %s",
                           in->measured.run->id, tb_pattern_types[dense->item.pattern.kind]->name,
                           tb_baseline_names[args->baseline.index]);
        }
    }
    in->item.baseline = args->baseline.given ? (tb_baseline)args->baseline.index : measured;
    const tb_kernel *now = in->choice.baseline;
    if (kernel == NULL || args->device.baseline_kernel != NULL ||
        (now != NULL && strcmp(now->name, kernel) == 0)) {
        return TB_OK;
    }
    if (args->item.kernel != NULL && strcmp(in->choice.kernel->name, kernel) == 0) {
        kernel = args->item.kernel; /* the file that was given, not one known by its name */
    }
    tb_kernel_destroy(in->choice.baseline);
    in->choice.baseline = NULL;
    return tb_kernel_load(kernel, &in->choice.baseline, err);
}

static tb_status explain_mechanism(const explain_args *args, tb_error *err)
{
    tb_mechanism_ask ask;
    if (args->profile != NULL || args->baseline.given) {
        return tb_fail(err, TB_EINVAL,
                       "a mechanism states its baseline, and is compared with no profile; leave "
                       "--baseline and --profile out");
    }
    tb_status status = tb_mechanism_ask_of(args->mechanism, &args->item, &args->device,
                                           &args->device.set, &args->seed, &ask, err);
    if (status == TB_OK && ask.choice.device == NULL) {
        status = tb_fail(err, TB_EINVAL, "a speedup of which device? give --device");
    }
    if (status == TB_OK) {
        status = tb_explain_mechanism(&ask, &args->output, err);
    }
    tb_mechanism_ask_release(&ask);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const explain_args *args = arguments;
    (void)positional;
    inputs in = {.item = tb_case_default()};
    tb_status status = TB_OK;
    if (args->mechanism != NULL) {
        return explain_mechanism(args, err);
    }
    if (args->seed.given) {
        return tb_fail(err, TB_EINVAL, "--seed of which patterns? give --mechanism");
    }
    if (args->run != NULL && args->profile == NULL) {
        return tb_fail(err, TB_EINVAL, "--run without --profile; give the profile too");
    }
    if (args->profile != NULL) {
        status = tb_profile_load(args->profile, &in.profile, err);
    }
    if (status == TB_OK) {
        status = args->run != NULL ? take_run(args, &in, err) : take_options(args, &in, err);
    }
    if (status == TB_OK) {
        status = take_baseline(args, &in, err);
    }
    if (status == TB_OK) {
        status = explain_case(args, &in, err);
    }
    if (!in.item_of_run) {
        tb_case_release(&in.item);
    }
    tb_device_choice_release(&in.choice);
    tb_profile_destroy(in.profile);
    return status;
}

static const tb_option_group groups[] = {
    {"What to explain", what_options, sizeof what_options / sizeof *what_options, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"Device", tb_device_options, TB_DEVICE_OPTION_COUNT, AT(device)},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound explain -i 30x48x80 -w 18x24x24 -n 24 --device h100-sxm --q-tile 2x8x8 --kv-tile "
     "2x8x8",
     "where the eleven-fold saving of HunyuanVideo's window goes on an H100"},
    {"tilebound explain --mechanism minference -i 131072 --device h100-sxm",
     "where the speedup of a whole method goes, stage by stage"},
    {"tilebound explain --profile natten-h100 --run natten-h100-hunyuan-s1",
     "the same, down to what was measured there"},
};

const tb_command tb_cmd_explain = {
    .name = "explain",
    .group = "ask",
    .summary = "why the speedup is below the sparsity, factor by factor",
    .description =
        "A waterfall from the speedup that FLOPs promise down to the predicted one. The factors\n"
        "multiply back exactly; each says what would remove it.\n"
        "\n"
        "With --profile, a last step `unexplained` leads to the measured speedup: the time of the\n"
        "dense run that the run names over the run's own. Where the run's time is of attention\n"
        "alone, its factor is over the predicted speedup before the permutation step; where it\n"
        "includes permuting, over the one after it. The run is the one of this problem, pattern,\n"
        "tiling, kernel and device, or the one that --run names. The baseline kernel is the dense\n"
        "run's.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(explain_args),
    .run = run,
};
