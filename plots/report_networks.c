/* The section of whole networks. */
#include "measured_speedup.h"
#include "report_command.h"
#include "report_statistics.h"

#include <math.h>
#include <string.h>

static bool is_wanted(const tb_report_draft *draft, const tb_compared_network *item)
{
    for (size_t i = 0; i < draft->rows->problem_count; i++) {
        if (item->run->has_case &&
            tb_case_same_pattern(&item->run->item, draft->rows->problems[i].item)) {
            return true;
        }
    }
    return draft->input->suite == NULL;
}

static void put_network(tb_page *page, const tb_compared_network *item)
{
    const tb_run *run = item->run;
    bool given = item->why_not == NULL, layers = given && item->has_layers;
    bool share = given && item->has_share;
    double none = nan("");
    tb_page_cell_text(page, "%s", run->id);
    tb_page_cell_text(page, "%s", run->network.name);
    tb_page_cell_text(page, "%s", run->device_text);
    tb_page_cell_number(page, 0, (double)run->network.dense_steps);
    tb_page_cell_time(page, run->time.given ? run->time.median_us : none);
    tb_page_cell_time(page, layers ? item->predicted_us : none);
    tb_page_cell_number(page, 2, given ? item->measured_speedup : none);
    tb_page_cell_number(page, 2, layers ? item->speedup : none);
    tb_page_cell_percent(page, layers ? item->error_percent : none);
    tb_page_cell_number(page, 2, share ? item->share_speedup : none);
    tb_page_cell_percent(page, share ? item->share_error_percent : none);
    tb_page_cell_text(page, "%s",
                      item->why_not != NULL ? item->why_not
                      : layers && item->is_told
                          ? "told what runs outside the layers: its time is as published by "
                            "construction"
                          : "");
}

/* The models of a network's run; false where one is missing. */
static bool find_models(const tb_report_draft *draft, const tb_run *run, tb_chart_input *out)
{
    tb_models *models = draft->rows->models;
    return run->device != NULL && run->kernel != NULL &&
           tb_models_device(models, run->device, &out->device, NULL) == TB_OK &&
           tb_models_kernel(models, run->kernel, &out->kernel, NULL) == TB_OK &&
           out->device->dense_kernel != NULL &&
           tb_models_kernel(models, out->device->dense_kernel, &out->baseline, NULL) == TB_OK;
}

/* Was the network's figure put in by an earlier run? */
static bool is_repeated(const tb_report_draft *draft, size_t index)
{
    const tb_comparison *from = draft->rows->comparison;
    const tb_run *run = from->networks[index].run;
    for (size_t i = 0; i < index; i++) {
        const tb_run *other = from->networks[i].run;
        if (is_wanted(draft, &from->networks[i]) && from->networks[i].why_not == NULL &&
            strcmp(other->network.name, run->network.name) == 0 &&
            strcmp(other->device, run->device) == 0) {
            return true;
        }
    }
    return false;
}

static void draw_network(tb_report_draft *draft, size_t index)
{
    const tb_compared_network *item = &draft->rows->comparison->networks[index];
    tb_chart_input input = {0};
    tb_page *page = draft->page;
    if (item->why_not != NULL || is_repeated(draft, index) ||
        !find_models(draft, item->run, &input)) {
        return;
    }
    input.network = tb_report_network(draft, item->run->network.name);
    if (input.network == NULL) {
        return;
    }
    (void)tb_report_draw(draft, "network", tb_page_say(page, "figure-network-%zu", index + 1),
                         &input, tb_report_network_command(page, &input));
}

void tb_report_put_networks(tb_report_draft *draft)
{
    static const char *const heads[] = {"run",
                                        "network",
                                        "device",
                                        "dense steps",
                                        "measured",
                                        "predicted",
                                        "speedup, measured",
                                        "speedup by layers",
                                        "error by layers",
                                        "speedup by share",
                                        "error by share",
                                        "remark"};
    const tb_comparison *from = draft->rows->comparison;
    tb_page *page = draft->page;
    size_t wanted = 0;
    for (size_t i = 0; i < from->network_count; i++) {
        wanted += is_wanted(draft, &from->networks[i]);
    }
    if (wanted == 0) {
        return;
    }
    tb_page_add(page, TB_PAGE_SECTION, "Whole networks");
    tb_page_begin_table(
        page, "networks",
        "Speedups of whole networks as published, and as predicted: from the layers' dimensions, "
        "and from the published share of attention (Amdahl's law).",
        tb_report_command(page, "compare", "", draft->input->profile_names,
                          draft->input->profile_count),
        "lllrttrrrrrl", heads);
    for (size_t i = 0; i < from->network_count; i++) {
        if (is_wanted(draft, &from->networks[i])) {
            put_network(page, &from->networks[i]);
        }
    }
    for (size_t i = 0; i < from->network_count; i++) {
        if (is_wanted(draft, &from->networks[i])) {
            draw_network(draft, i);
        }
    }
}
