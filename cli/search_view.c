#include "search_view.h"

#include "case_command.h"
#include "search_advice.h"
#include "search_view_parts.h"
#include "version.h"

#include <stdlib.h>

void tb_search_print_command(const tb_search_printer *p, const tb_search_row *row, tb_buffer *out)
{
    const tb_search_args *args = p->args;
    const tb_search_space *space = &p->ask->space;
    tb_case item = tb_search_case(space, row);
    tb_buffer_text(out, "tilebound predict");
    tb_case_print_options(&item, out);
    if (space->kernel != NULL) {
        tb_buffer_text(out, " --kernel ");
        tb_print_shell_word(space->kernel->asked, out);
    }
    if (args->device.device != NULL) {
        tb_buffer_text(out, " --device ");
        tb_print_shell_word(args->device.device, out);
    }
    for (size_t i = 0; i < args->device.set.count; i++) {
        tb_buffer_text(out, " --set ");
        tb_print_shell_word(args->device.set.values[i], out);
    }
    if (args->device.baseline_kernel != NULL) {
        tb_buffer_text(out, " --baseline-kernel ");
        tb_print_shell_word(args->device.baseline_kernel, out);
    }
    if (args->device.schedule.given ||
        (space->all_schedules && row->schedule != space->kernel->time.schedule)) {
        tb_buffer_printf(out, " --schedule %s", tb_schedule_policy_names[row->schedule]);
    }
}
/* The network with this row's pattern in every layer. */
static tb_status find_whole(const tb_search_printer *p, tb_shown_row *shown, tb_error *err)
{
    const tb_network *network = p->ask->network;
    tb_forward_time forward = {.basis = TB_BASIS_CALIBRATED};
    shown->has_whole = network != NULL && shown->is_timed && shown->timing.has_dense;
    if (!shown->has_whole) {
        return TB_OK;
    }
    tb_forward_time_add(&forward, &shown->timing, (double)network->layers);
    return tb_whole_network_find(network, &p->request, &p->ask->space.problem, &forward,
                                 &shown->whole, err);
}

/* Over dense attention to the tokens that there are, not to those that pad them too. */
static tb_status take_own_dense(const tb_search_printer *p, tb_shown_row *shown, tb_error *err)
{
    const tb_search_space *space = &p->ask->space;
    tb_timing *timing = &shown->timing, own;
    tb_case dense = tb_case_default();
    tb_prediction prediction;
    if (!timing->has_dense || !tb_search_is_padded(space, shown->row)) {
        return TB_OK;
    }
    dense.problem = space->problem;
    tb_case_normalize(&dense);
    tb_status status = tb_predict(&dense, space->kernel, &prediction, err);
    if (status == TB_OK) {
        status = tb_predict_time(&prediction, space->kernel, space->device, p->ask->choice.baseline,
                                 &own, err);
        tb_prediction_release(&prediction);
    }
    if (status == TB_OK) {
        timing->dense = own.dense;
        timing->speedup = own.dense.attention_us / timing->time.attention_us;
        timing->speedup_total = own.dense.attention_us / timing->time.total_us;
    }
    return status;
}

static tb_status show(const tb_search_printer *p, const tb_search_row *row, tb_shown_row *out,
                      tb_error *err)
{
    const tb_search_space *space = &p->ask->space;
    tb_case item = tb_search_case(space, row);
    *out = (tb_shown_row){.row = row, .is_timed = space->device != NULL};
    if (space->kernel != NULL) {
        out->kernel = tb_search_kernel(space, row);
    }
    tb_status status = tb_predict(&item, space->kernel, &out->prediction, err);
    if (status == TB_OK && out->is_timed) {
        status = tb_predict_time(&out->prediction, &out->kernel, space->device,
                                 p->ask->choice.baseline, &out->timing, err);
    }
    if (status == TB_OK && out->is_timed) {
        status = take_own_dense(p, out, err);
    }
    return status == TB_OK ? find_whole(p, out, err) : status;
}
static tb_status print_shown(const tb_search_printer *p, const tb_search_result *result,
                             const tb_shown_row *shown, tb_error *err)
{
    if (tb_output_format(p->request.output) == TB_FORMAT_TABLE) {
        return tb_search_print_text(p, result, shown, err);
    }
    tb_document *doc = tb_document_create("search", TB_VERSION);
    tb_status status = tb_search_put(p, result, shown, doc, err);
    if (status != TB_OK) {
        tb_document_destroy(doc);
        return status;
    }
    return tb_output_document(p->request.output, doc, "results", err);
}

/* The network with the layers of a plan. */
static tb_status show_plan(const tb_search_printer *p, const tb_layer_plan *plan,
                           tb_shown_plan *out, tb_error *err)
{
    tb_forward_time forward = {.basis = TB_BASIS_CALIBRATED};
    tb_status status = TB_OK;
    *out = (tb_shown_plan){.plan = plan, .has_whole = true};
    for (size_t i = 0; i < plan->count && status == TB_OK; i++) {
        tb_shown_row shown;
        status = show(p, &plan->rows[i], &shown, err);
        tb_prediction_release(&shown.prediction);
        if (status == TB_OK) {
            out->has_whole = out->has_whole && shown.timing.has_dense;
            tb_forward_time_add(&forward, &shown.timing, (double)plan->layers[i]);
        }
    }
    return status == TB_OK && out->has_whole
               ? tb_whole_network_find(p->ask->network, &p->request, &p->ask->space.problem,
                                       &forward, &out->whole, err)
               : status;
}

tb_status tb_search_print(const tb_search_args *args, const tb_search_ask *ask,
                          const tb_search_result *result, const tb_search_extras *extras,
                          tb_error *err)
{
    tb_shown_plan plan;
    tb_search_printer p = {.args = args,
                           .ask = ask,
                           .request = {.args = &args->item,
                                       .output = &args->output,
                                       .kernel = ask->choice.kernel,
                                       .device = ask->choice.device,
                                       .baseline_kernel = ask->choice.baseline,
                                       .dense_steps = args->dense_steps.value},
                           .advice = extras->advice,
                           .confirmed = extras->confirmed};
    tb_shown_row *shown = calloc(result->row_count + 1, sizeof *shown);
    tb_status status = shown != NULL
                           ? TB_OK
                           : tb_fail(err, TB_ENOMEM, "no memory for %zu rows", result->row_count);
    for (size_t i = 0; i < result->row_count && status == TB_OK; i++) {
        status = show(&p, &result->rows[i], &shown[i], err);
    }
    if (status == TB_OK && extras->plan != NULL) {
        status = show_plan(&p, extras->plan, &plan, err);
        p.plan = &plan;
    }
    if (status == TB_OK) {
        status = print_shown(&p, result, shown, err);
    }
    for (size_t i = 0; shown != NULL && i < result->row_count; i++) {
        tb_prediction_release(&shown[i].prediction);
    }
    free(shown);
    return status;
}
