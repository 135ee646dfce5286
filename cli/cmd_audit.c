/* tilebound audit: published claims, and one's own, against the bound. */
#include "audit_list.h"
#include "audit_view.h"
#include "case_options.h"
#include "commands.h"
#include "device_options.h"
#include "mechanism_page.h"
#include "output.h"
#include "version.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct audit_args {
    tb_case_args item;
    tb_device_args device;
    tb_output_args output;
    const char *mechanism;
    tb_arg_double claim;
    bool end_to_end, doc;
} audit_args;

#define AT(field) offsetof(audit_args, field)

static const tb_option what_options[] = {
    {"claim", '\0', TB_OPTION_DOUBLE, "X",
     "judge a claim of your own: X times as fast as dense attention", AT(claim), 0, INT64_MAX, NULL,
     0},
    {"end-to-end", '\0', TB_OPTION_FLAG, NULL,
     "the claim is of a whole model, not of its attention", AT(end_to_end), 0, 0, NULL, 0},
    {"mechanism", '\0', TB_OPTION_TEXT, "NAME",
     "the method that it is about, by name or YAML file (default: the problem's pattern)",
     AT(mechanism), 0, 0, NULL, 0},
    {"doc", '\0', TB_OPTION_FLAG, NULL,
     "write a Markdown page instead: pattern, stages, parameters and claims of each", AT(doc), 0, 0,
     NULL, 0},
};

static tb_status check_differences(const tb_audit_list *list, tb_error *err)
{
    if (list->difference_count == 0) {
        return TB_OK;
    }
    const tb_audit_difference *d = &list->differences[0];
    size_t more = list->difference_count - 1;
    return tb_fail(err, TB_ETHRESHOLD,
                   "verdict of %s %lld differs from the committed table: now %s, there %s%s",
                   d->mechanism, (long long)d->number, d->now != NULL ? d->now : "nothing",
                   d->table != NULL ? d->table : "nothing",
                   more == 0 ? "" : ", and more (see DIFFERS, or `differences`)");
}

static tb_status print(const audit_args *args, const tb_audit_list *list, bool says_why,
                       tb_error *err)
{
    if (tb_output_format(&args->output) != TB_FORMAT_TABLE) {
        tb_document *doc = tb_document_create("audit", TB_VERSION);
        tb_view_audit_document(doc, list);
        return tb_output_document(&args->output, doc, "claims", err);
    }
    tb_buffer text = {0};
    tb_view_audit_text(&text, list, says_why);
    return tb_output_text(&args->output, &text, err);
}

/* The page of docs/mechanisms.md. */
static tb_status print_page(const audit_args *args, const tb_audit_list *list, tb_error *err)
{
    tb_buffer text = {0};
    tb_mechanism_entry *entries = calloc(list->count + 1, sizeof *entries);
    if (entries == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a page");
    }
    for (size_t i = 0; i < list->count; i++) {
        entries[i] = (tb_mechanism_entry){list->items[i].mechanism, list->items[i].judgements};
    }
    tb_status status = tb_mechanism_page(entries, list->count, &text, err);
    free(entries);
    if (status != TB_OK) {
        tb_buffer_free(&text);
        return status;
    }
    return tb_output_text(&args->output, &text, err);
}

static tb_status audit_published(const audit_args *args, const char *const *names, tb_error *err)
{
    tb_audit_list list;
    const char *const one[] = {args->mechanism, NULL};
    names = args->mechanism != NULL ? one : names;
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    tb_status status = tb_audit_list_fill(names, count, &list, err);
    if (status == TB_OK) {
        status = args->doc ? print_page(args, &list, err) : print(args, &list, count > 0, err);
    }
    if (status == TB_OK) {
        status = check_differences(&list, err);
    }
    tb_audit_list_release(&list);
    return status;
}

static tb_claim own_claim(const audit_args *args)
{
    double speedup = args->claim.value;
    return (tb_claim){
        .metric = args->end_to_end ? "speedup of a model" : "speedup of attention",
        .unit = "x",
        .stat = "exact",
        .from = "--claim",
        .value = speedup,
        .high = speedup,
        .speedup = speedup,
        .scope = args->end_to_end ? TB_CLAIM_END_TO_END : TB_CLAIM_KERNEL,
    };
}

/* One claim as a list of its own, printed. */
static tb_status print_own(const audit_args *args, tb_mechanism *mechanism, tb_judgement *judgement,
                           tb_error *err)
{
    tb_audited item = {.mechanism = mechanism, .judgements = judgement, .count = 1};
    tb_audit_list list = {.items = &item, .count = 1, .claims = 1};
    return print(args, &list, true, err);
}

/* Only what states the condition goes with a mechanism. */
static tb_status check_mechanism_args(const audit_args *args, tb_error *err)
{
    tb_case_args rest = args->item;
    rest.input_size.count = 0;
    rest.dim.given = rest.heads.given = false;
    if (tb_case_args_any(&rest) || args->device.baseline_kernel != NULL) {
        return tb_fail(err, TB_EINVAL,
                       "a claim about a mechanism takes --input-size, --dim, --heads, --device and "
                       "--set; leave the other options out");
    }
    return TB_OK;
}

static tb_status take_layout(const tb_arg_list *size, const tb_mechanism *mechanism,
                             tb_claim *claim, tb_error *err)
{
    tb_problem problem = tb_problem_default();
    bool changed;
    if (size->count == 0) {
        return TB_OK;
    }
    problem.layout.rank = (int)size->count;
    for (size_t d = 0; d < size->count; d++) {
        problem.layout.extent[d] = size->values[d];
    }
    tb_status status = tb_problem_check(&problem, err);
    if (status == TB_OK) {
        status = tb_mechanism_layout(mechanism, &problem.layout, &changed, err);
    }
    claim->layout = problem.layout;
    claim->tokens = status == TB_OK ? tb_layout_tokens(&problem.layout) : 0;
    return status;
}

static tb_status audit_mechanism(const audit_args *args, tb_error *err)
{
    tb_mechanism *mechanism = NULL;
    tb_claim claim = own_claim(args);
    tb_judgement judgement;
    tb_status status = check_mechanism_args(args, err);
    if (status == TB_OK) {
        status = tb_mechanism_load(args->mechanism, &mechanism, err);
    }
    for (size_t i = 0; status == TB_OK && i < args->device.set.count; i++) {
        status = tb_mechanism_set(mechanism, args->device.set.values[i], err);
    }
    if (status == TB_OK) {
        status = take_layout(&args->item.input_size, mechanism, &claim, err);
    }
    claim.dim = args->item.dim.given ? args->item.dim.value : 0;
    claim.heads = args->item.heads.given ? args->item.heads.value : 0;
    claim.device_name = args->device.device;
    if (status == TB_OK) {
        status = tb_audit_claim(mechanism, &claim, &judgement, err);
    }
    if (status == TB_OK) {
        status = print_own(args, mechanism, &judgement, err);
    }
    tb_mechanism_destroy(mechanism);
    return status;
}

static tb_status judge_case(const audit_args *args, const tb_case *item,
                            const tb_device_choice *choice, tb_error *err)
{
    tb_claim claim = own_claim(args);
    tb_prediction p;
    tb_timing timing;
    tb_judgement judgement;
    bool timed = choice->device != NULL && choice->kernel != NULL;
    tb_status status = tb_predict(item, choice->kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    if (timed) {
        status =
            tb_predict_time(&p, choice->kernel, choice->device, choice->baseline, &timing, err);
    }
    if (status == TB_OK) {
        tb_output_warnings(&p.warnings);
        tb_audit_prediction(&p, timed ? &timing : NULL,
                            choice->device != NULL ? choice->device->name : NULL, &claim,
                            &judgement);
        status = print_own(args, NULL, &judgement, err);
    }
    tb_prediction_release(&p);
    return status;
}

static tb_status audit_case(const audit_args *args, tb_error *err)
{
    tb_case item = tb_case_default();
    tb_device_choice choice;
    tb_status status = tb_device_choose(&args->device, args->item.kernel, &choice, err);
    if (status == TB_OK) {
        status = tb_case_apply(&args->item, &item, err);
    }
    if (status == TB_OK) {
        status = judge_case(args, &item, &choice, err);
    }
    tb_case_release(&item);
    tb_device_choice_release(&choice);
    return status;
}

static tb_status check_args(const audit_args *args, const char *const *positional, tb_error *err)
{
    bool has_condition = tb_case_args_any(&args->item) || args->device.device != NULL ||
                         args->device.set.count > 0 || args->device.baseline_kernel != NULL ||
                         args->device.schedule.given;
    if (positional[0] != NULL && (args->claim.given || args->mechanism != NULL)) {
        return tb_fail(err, TB_EINVAL,
                       "'%s' asks for its published claims; a claim of your own is about "
                       "--mechanism NAME, or about a problem",
                       positional[0]);
    }
    if (!args->claim.given && (has_condition || args->end_to_end)) {
        return tb_fail(err, TB_EINVAL,
                       "published claims state their condition; give --claim for one of your own");
    }
    if (args->doc && (args->claim.given || args->output.format.given)) {
        return tb_fail(err, TB_EINVAL,
                       "--doc writes a page of published claims; leave --claim and --format out");
    }
    if (args->claim.given && !(args->claim.value > 0)) {
        return tb_fail(err, TB_EINVAL, "a claim of 0; a speedup is above 0");
    }
    return TB_OK;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const audit_args *args = arguments;
    tb_status status = check_args(args, positional, err);
    if (status != TB_OK) {
        return status;
    }
    return !args->claim.given        ? audit_published(args, positional, err)
           : args->mechanism != NULL ? audit_mechanism(args, err)
                                     : audit_case(args, err);
}

static const tb_option_group groups[] = {
    {"What to judge", what_options, sizeof what_options / sizeof *what_options, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"Device", tb_device_options, TB_DEVICE_OPTION_COUNT, AT(device)},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound audit gna minference", "what two papers claim, and why it can or cannot be"},
    {"tilebound audit -i 30x48x80 -w 18x24x24 -n 24 --device h100-sxm --claim 6.5",
     "6.5 times as fast: do the tiles of this window allow it?"},
    {"tilebound audit --mechanism gna -i 30x48x80 --device b200 --claim 1.6 --end-to-end",
     "how much of the time must attention be, for a model to become 1.6 times as fast?"},
};

const tb_command tb_cmd_audit = {
    .name = "audit",
    .group = "ask",
    .summary = "published claims of speedup, and one of your own, against the bound",
    .positional = "[MECHANISM...]",
    .description =
        "Judges every claim of the known mechanisms, or of the MECHANISMs named (known names or\n"
        "YAML files), against the speedup that their work allows on a device. What a claim does\n"
        "not state is swept: 4k to 1M tokens, head dims 64 and 128, an A100, H100, B200 and RTX\n"
        "4090. Verdicts:\n"
        "\n"
        "  possible         the claim is within the bound somewhere under its condition\n"
        "  needs more than the tiles allow\n"
        "                   it is above the bound everywhere; a model as a whole: even if "
        "attention\n"
        "                   were all of its time\n"
        "  not decided by attention cost alone\n"
        "                   it is about something else, over another baseline, or of a model "
        "whose\n"
        "                   share of attention is not stated\n"
        "\n"
        "Exits with 5 where a verdict differs from the committed table.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(audit_args),
    .positional_max = TB_POSITIONAL_MAX,
    .run = run,
};
