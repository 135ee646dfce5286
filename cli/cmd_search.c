/* tilebound search: the best windows, strides, dilations and tile shapes under constraints. */
#include "commands.h"
#include "search_advice.h"
#include "search_options.h"
#include "search_view.h"

#include <stddef.h>
#include <stdlib.h>

static void warn(const tb_search_ask *ask)
{
    tb_messages warnings = {0};
    const tb_kernel *kernel = ask->choice.kernel;
    const tb_device *device = ask->choice.device;
    if (kernel != NULL && device != NULL && !tb_kernel_runs_on(kernel, device)) {
        tb_messages_add(&warnings, "kernel %s does not run on %s; its time there is hypothetical",
                        kernel->name, device->name);
    }
    if (ask->space.all_schedules) {
        tb_messages_add(&warnings,
                        "kernel %s is scheduled %s; its times under others are hypothetical",
                        kernel->name, tb_schedule_policy_names[kernel->time.schedule]);
    }
    if (kernel != NULL && kernel->mask == TB_MASK_NEVER) {
        tb_messages_add(&warnings,
                        "kernel %s masks nothing, so that only fully block-sparse patterns are "
                        "looked at",
                        kernel->name);
    }
    if (ask->tilings.dropped > 0) {
        tb_messages_add(&warnings, "%zu tile shapes of %s do not run on %s", ask->tilings.dropped,
                        kernel->name, device->name);
    }
    tb_output_warnings(&warnings);
}

/* Run the first rows. */
static tb_status confirm(const tb_search_args *args, const tb_search_ask *ask,
                         const tb_search_result *result, tb_confirmation *out, tb_error *err)
{
    size_t asked = (size_t)args->confirm.value;
    size_t count = asked < result->row_count ? asked : result->row_count;
    tb_confirm_options options = {.backend = tb_search_backend(args),
                                  .kernel = ask->choice.kernel,
                                  .max_time_s = args->max_time.value};
    tb_case *items = calloc(count + 1, sizeof *items);
    if (items == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu cases", count);
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = tb_search_case(&ask->space, &result->rows[i]);
    }
    tb_status status = count > 0 ? tb_confirm(&options, items, count, out, err) : TB_OK;
    free(items);
    return status;
}

/* A pattern for each layer. */
static tb_status plan_layers(const tb_search_args *args, const tb_search_ask *ask,
                             const tb_search_result *result, tb_layer_plan *out, tb_error *err)
{
    tb_search_row *pool = NULL;
    size_t count = 0;
    bool is_of_network = args->pool.index == 1;
    tb_status status =
        is_of_network ? tb_layer_pool_of(&ask->space, ask->network, &pool, &count, err) : TB_OK;
    if (status == TB_OK) {
        status = tb_layer_plan_find(&ask->space, is_of_network ? pool : result->pareto,
                                    is_of_network ? count : result->pareto_count,
                                    ask->network->layers, args->mean_sparsity.value, out, err);
    }
    free(pool);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const tb_search_args *args = arguments;
    tb_search_ask ask;
    tb_search_result result = {0};
    tb_messages advice = {0};
    tb_confirmation confirmed = {0};
    tb_layer_plan plan = {0};
    (void)positional;
    tb_status status = tb_search_ask_of(args, &ask, err);
    if (status == TB_OK) {
        warn(&ask);
        status = tb_search_run(&ask.space, &result, err);
    }
    if (status == TB_OK && result.row_count > 0 && ask.space.goal != TB_SEARCH_STRIDE) {
        status = tb_search_advise(&ask.space, &result.rows[0], &advice, err);
    }
    if (status == TB_OK && args->mean_sparsity.given) {
        status = plan_layers(args, &ask, &result, &plan, err);
    }
    if (status == TB_OK && args->confirm.given) {
        status = confirm(args, &ask, &result, &confirmed, err);
    }
    if (status == TB_OK) {
        tb_search_extras extras = {.advice = &advice,
                                   .confirmed = confirmed.count > 0 ? &confirmed : NULL,
                                   .plan = plan.count > 0 ? &plan : NULL};
        status = tb_search_print(args, &ask, &result, &extras, err);
    }
    tb_layer_plan_release(&plan);
    tb_confirmation_release(&confirmed);
    tb_search_release(&result);
    tb_search_ask_release(&ask);
    return status;
}

static const tb_option_group groups[] = {
    {"What to search", tb_search_options, TB_SEARCH_OPTION_COUNT, 0},
    TB_CASE_OPTION_GROUPS(offsetof(tb_search_args, item)),
    {"Device", tb_device_options, TB_DEVICE_OPTION_COUNT, offsetof(tb_search_args, device)},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, offsetof(tb_search_args, output)},
};

static const tb_example examples[] = {
    {"tilebound search -i 32768 -w 2048 --kernel cutlass-hopper-fna --goal smallest-stride",
     "the smallest stride whose tiles are all full"},
    {"tilebound search --network hunyuanvideo --sparsity 0.9..0.92 --kernel cutlass-blackwell-fna "
     "--device b200 --top 10",
     "the fastest patterns of a network at that sparsity"},
    {"tilebound search -i 256x256 --sparsity 0.85..0.95 --equal-window --fully-block-sparse "
     "--kernel cutlass-blackwell-fna",
     "square windows that need no mask"},
    {"tilebound search -i 30x48x80 -w 18x24x24 -s 16x8x8 -n 24 --kernel cutlass-fna --device "
     "a100-80",
     "the tile shape of a kernel that suits a pattern"},
};

const tb_command tb_cmd_search = {
    .name = "search",
    .group = "ask",
    .summary = "the best windows, strides and tile shapes under constraints",
    .description = "Ranks every window, stride and tile shape of a problem that meets the "
                   "constraints: by the\n"
                   "bound, or with --device by predicted time. -w, -s and --dilation fix what they "
                   "give; of a\n"
                   "--config file only the problem and the tiling count. Exact, and needs no GPU: "
                   "what cannot\n"
                   "be among the best is left out only where that is proven (docs/search.md).",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(tb_search_args),
    .run = run,
};
