#include "search_options.h"

#include "confirm.h"
#include "text.h"

#include <stddef.h>
#include <string.h>

#define AT(field)   offsetof(tb_search_args, field)
#define DEFAULT_TOP 10
#define MOST_ROWS   1000

static const char *const backend_choices[] = {"cpu", "cuda"};
static const char *const pool_choices[] = {"front", "network"};

const tb_option tb_search_options[TB_SEARCH_OPTION_COUNT] = {
    {"network", '\0', TB_OPTION_TEXT, "NAME",
     "layout, heads and head dim of a network; with --device its time end to end", AT(network), 0,
     0, NULL, 0},
    {"goal", '\0', TB_OPTION_CHOICE, NULL, "what is best (default: time with --device, else bound)",
     AT(goal), 0, 0, tb_search_goal_names, TB_SEARCH_GOAL_COUNT},
    {"top", '\0', TB_OPTION_INT, "K", "rows to show (default 10)", AT(top), 1, MOST_ROWS, NULL, 0},
    {"sparsity", '\0', TB_OPTION_TEXT, "LOW..HIGH", "only sparsities of this range, as 0.85..0.95",
     AT(sparsity), 0, 0, NULL, 0},
    {"fully-block-sparse", '\0', TB_OPTION_FLAG, NULL, "only patterns without partial tiles",
     AT(fully_block_sparse), 0, 0, NULL, 0},
    {"min-window", '\0', TB_OPTION_LIST, "8x16x16", "the least window, a dimension", AT(min_window),
     1, INT64_MAX, NULL, 0},
    {"min-field", '\0', TB_OPTION_LIST, "9x17x17",
     "the least span of a window with its dilation, (w-1) d + 1 tokens, a dimension", AT(min_field),
     1, INT64_MAX, NULL, 0},
    {"equal-window", '\0', TB_OPTION_FLAG, NULL, "only windows that are alike in all dimensions",
     AT(equal_window), 0, 0, NULL, 0},
    {"window-step", '\0', TB_OPTION_INT, "N", "only windows that are multiples of N, or whole axes",
     AT(window_step), 1, INT64_MAX, NULL, 0},
    {"max-dilation", '\0', TB_OPTION_INT, "N", "dilations of 1 to N too (default: 1 alone)",
     AT(max_dilation), 1, INT64_MAX, NULL, 0},
    {"max-bytes", '\0', TB_OPTION_DOUBLE, "X",
     "only what holds at most X bytes: Q, K, V, O, and their copies in tiles", AT(max_bytes), 0,
     INT64_MAX, NULL, 0},
    {"shapes", '\0', TB_OPTION_CHOICE, NULL,
     "tile shapes: the kernel's own (default), its default one, or all boxes of as many tokens",
     AT(shapes), 0, 0, tb_search_shapes_names, TB_SEARCH_SHAPES_COUNT},
    {"all-strides", '\0', TB_OPTION_FLAG, NULL,
     "rank every stride; else of a window and tile shape only the best one", AT(all_strides), 0, 0,
     NULL, 0},
    {"all-orders", '\0', TB_OPTION_FLAG, NULL,
     "every order of tokens, of tiles that are runs of several dimensions' tokens", AT(all_orders),
     0, 0, NULL, 0},
    {"all-schedules", '\0', TB_OPTION_FLAG, NULL,
     "every schedule of CTAs, not the kernel's own alone; by time", AT(all_schedules), 0, 0, NULL,
     0},
    {"max-padding", '\0', TB_OPTION_LIST, "2x0x4",
     "layouts too that are longer by 0 to so many tokens, a dimension", AT(max_padding), 0,
     INT64_MAX, NULL, 0},
    {"max-timed", '\0', TB_OPTION_INT, "N",
     "schedules to run before giving up the proof (default 20000)", AT(max_timed), 1, INT64_MAX,
     NULL, 0},
    {"max-counted", '\0', TB_OPTION_INT, "N",
     "runs of tokens to count before giving up the proof (default 2000)", AT(max_counted), 1,
     INT64_MAX, NULL, 0},
    {"dense-steps", '\0', TB_OPTION_INT, "N", "steps of the network that stay dense (default 0)",
     AT(dense_steps), 0, INT64_MAX, NULL, 0},
    {"mean-sparsity", '\0', TB_OPTION_DOUBLE, "S",
     "choose a pattern for each layer of the network, of mean sparsity S at most, by time",
     AT(mean_sparsity), 0, 1, NULL, 0},
    {"pool", '\0', TB_OPTION_CHOICE, NULL,
     "of which patterns: the search's front (default), or those of the network's file", AT(pool), 0,
     0, pool_choices, 2},
    {"confirm", '\0', TB_OPTION_INT, "K",
     "run the first K rows, and say how far the first is from the best of them", AT(confirm), 1,
     MOST_ROWS, NULL, 0},
    {"backend", '\0', TB_OPTION_CHOICE, NULL, "what --confirm runs on (default cpu)", AT(backend),
     0, 0, backend_choices, 2},
    {"max-time", '\0', TB_OPTION_DOUBLE, "SECONDS", "most time a configuration that --confirm runs",
     AT(max_time), 0, INT64_MAX, NULL, 0},
};

static tb_status check_args(const tb_search_args *args, tb_error *err)
{
    if (args->item.local.count > 0 || args->item.mask != NULL) {
        return tb_fail(err, TB_EINVAL,
                       "search looks for windows, strides and dilations; leave --local and --mask "
                       "out");
    }
    if (args->item.tiles.given) {
        return tb_fail(err, TB_EINVAL,
                       "search ranks tile shapes itself; --shapes says which, instead of --tiles");
    }
    if (args->all_orders && args->item.order.given) {
        return tb_fail(err, TB_EINVAL, "--order beside --all-orders; give the one or all");
    }
    if (args->all_schedules && args->device.schedule.given) {
        return tb_fail(err, TB_EINVAL, "--schedule beside --all-schedules; give the one or all");
    }
    if (args->confirm.given && (args->all_schedules || args->device.schedule.given)) {
        return tb_fail(err, TB_EINVAL,
                       "--confirm runs a kernel under its own schedule; leave %s out",
                       args->all_schedules ? "--all-schedules" : "--schedule");
    }
    if (args->network != NULL && args->item.config != NULL) {
        return tb_fail(err, TB_EINVAL, "--config beside --network; give one of them");
    }
    if (args->dense_steps.given && (args->network == NULL || args->device.device == NULL)) {
        return tb_fail(err, TB_EINVAL,
                       "--dense-steps belongs to a network's time; give --network and --device");
    }
    if (args->pool.given && !args->mean_sparsity.given) {
        return tb_fail(err, TB_EINVAL, "--pool belongs to --mean-sparsity; give that");
    }
    if (args->mean_sparsity.given && (args->network == NULL || args->device.device == NULL ||
                                      (args->goal.given && args->goal.index != TB_SEARCH_TIME))) {
        return tb_fail(err, TB_EINVAL,
                       "--mean-sparsity chooses layers of a network by time; give --network and "
                       "--device");
    }
    if ((args->backend.given || args->max_time.given) && !args->confirm.given) {
        return tb_fail(err, TB_EINVAL, "--backend and --max-time belong to --confirm; give that");
    }
    if (args->max_dilation.given && args->item.dilation.count > 0) {
        return tb_fail(err, TB_EINVAL,
                       "--dilation beside --max-dilation; give the one or the range");
    }
    if (args->item.window.count > 0 &&
        (args->min_window.count > 0 || args->window_step.given || args->equal_window)) {
        return tb_fail(err, TB_EINVAL,
                       "--window-size is given, so that no windows are searched; leave "
                       "--min-window, --window-step and --equal-window out");
    }
    return TB_OK;
}

/* "0.85..0.95" */
static tb_status read_sparsity(const char *text, tb_search_space *space, tb_error *err)
{
    char low[32] = "";
    const char *dots = text == NULL ? NULL : strstr(text, "..");
    space->sparsity_low = 0;
    space->sparsity_high = 1;
    if (text == NULL) {
        return TB_OK;
    }
    size_t length = dots == NULL ? sizeof low : (size_t)(dots - text);
    bool is_range = length < sizeof low;
    if (is_range) {
        memcpy(low, text, length);
        low[length] = '\0';
        is_range = tb_text_double(low, &space->sparsity_low) &&
                   tb_text_double(dots + 2, &space->sparsity_high);
    }
    if (!is_range || !(space->sparsity_low >= 0 && space->sparsity_high <= 1 &&
                       space->sparsity_low <= space->sparsity_high)) {
        return tb_fail(err, TB_EINVAL,
                       "--sparsity %s; it must be a range from 0 to 1, as 0.85..0.95", text);
    }
    return TB_OK;
}

static tb_status check_dims(const char *option, const tb_arg_list *list, int rank, tb_error *err)
{
    if (list->count == 0 || (int)list->count == rank) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL, "--%s has %zu %s for a layout of %d %s; give one a dimension",
                   option, list->count, list->count == 1 ? "entry" : "entries", rank,
                   rank == 1 ? "dimension" : "dimensions");
}

static int64_t entry(const tb_arg_list *list, int d, int64_t otherwise)
{
    return list->count > 0 ? list->values[d] : otherwise;
}

static tb_status fill_dims(const tb_search_args *args, tb_search_space *space, tb_error *err)
{
    const tb_case_args *item = &args->item;
    const tb_layout *layout = &space->problem.layout;
    const struct {
        const char *option;
        const tb_arg_list *list;
    } lists[] = {
        {"window-size", &item->window},      {"stride", &item->stride},
        {"dilation", &item->dilation},       {"causal", &item->causal},
        {"min-window", &args->min_window},   {"min-field", &args->min_field},
        {"max-padding", &args->max_padding},
    };
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && status == TB_OK; i++) {
        status = check_dims(lists[i].option, lists[i].list, layout->rank, err);
    }
    for (int d = 0; d < layout->rank && status == TB_OK; d++) {
        int64_t window = entry(&item->window, d, 0);
        space->dim[d] = (tb_search_dim){
            .window = window == TB_WHOLE_AXIS ? layout->extent[d] : window,
            .stride = entry(&item->stride, d, 0),
            .dilation = args->max_dilation.given ? 0 : entry(&item->dilation, d, 1),
            .min_window = entry(&args->min_window, d, 1),
            .window_step = args->window_step.given ? args->window_step.value : 1,
            .max_dilation = args->max_dilation.given ? args->max_dilation.value : 1,
            .min_field = entry(&args->min_field, d, 1),
            .max_padding = entry(&args->max_padding, d, 0),
            .causal = entry(&item->causal, d, 0) == 1,
        };
    }
    return status;
}

static void start_from_network(const tb_network *network, tb_case *item)
{
    item->problem.layout = network->layout;
    item->problem.heads = item->problem.heads_kv = network->heads;
    item->problem.dim = item->problem.dim_value = network->dim;
}

static tb_status fill_case(const tb_search_args *args, tb_search_ask *ask, tb_error *err)
{
    tb_case_args rest = args->item; /* what is searched is not the case's */
    memset(&rest.window, 0, sizeof rest.window);
    memset(&rest.stride, 0, sizeof rest.stride);
    memset(&rest.dilation, 0, sizeof rest.dilation);
    memset(&rest.causal, 0, sizeof rest.causal);
    if (args->network != NULL) {
        tb_status status = tb_network_load(args->network, &ask->network, err);
        if (status != TB_OK) {
            return status;
        }
        start_from_network(ask->network, &ask->item);
    }
    return tb_case_apply(&rest, &ask->item, err);
}

static tb_status fill_space(const tb_search_args *args, tb_search_ask *ask, tb_error *err)
{
    tb_search_space *space = &ask->space;
    tb_search_goal usual = ask->choice.device != NULL ? TB_SEARCH_TIME : TB_SEARCH_BOUND;
    tb_search_shapes shapes =
        args->shapes.given ? (tb_search_shapes)args->shapes.index : TB_SHAPES_KERNEL;
    *space = (tb_search_space){
        .problem = ask->item.problem,
        .kernel = ask->choice.kernel,
        .device = ask->choice.device,
        .goal = args->goal.given ? (tb_search_goal)args->goal.index : usual,
        .fully_block_sparse = args->fully_block_sparse,
        .equal_window = args->equal_window,
        .one_per_window = !args->all_strides,
        .max_bytes = args->max_bytes.value,
        .max_timed = args->max_timed.value,
        .max_counted = args->max_counted.value,
        .all_schedules = args->all_schedules,
        .top = args->top.given ? (size_t)args->top.value : DEFAULT_TOP,
    };
    if (space->goal == TB_SEARCH_TIME && space->device == NULL) {
        return tb_fail(err, TB_EINVAL, "--goal time on what? give --device");
    }
    if (space->all_schedules && space->goal != TB_SEARCH_TIME) {
        return tb_fail(err, TB_EINVAL,
                       "schedules only matter to times; give --device and --goal time, or leave "
                       "--all-schedules out");
    }
    if (space->device != NULL && space->kernel == NULL) {
        return tb_fail(err, TB_EINVAL, "device %s has no default kernel; give --kernel",
                       space->device->name);
    }
    tb_status status = read_sparsity(args->sparsity, space, err);
    if (status == TB_OK) {
        status = fill_dims(args, space, err);
    }
    if (status == TB_OK) {
        status = tb_search_tilings(&ask->item, space->kernel, space->device, shapes,
                                   args->all_orders, &ask->tilings, err);
    }
    space->tilings = ask->tilings.tilings;
    space->tiling_count = ask->tilings.count;
    return status;
}

tb_status tb_search_ask_of(const tb_search_args *args, tb_search_ask *out, tb_error *err)
{
    *out = (tb_search_ask){.item = tb_case_default()};
    const char *kernel = args->item.kernel;
    if (kernel == NULL && args->confirm.given && args->device.device == NULL) {
        kernel = tb_confirm_kernel(tb_search_backend(args));
    }
    tb_status status = check_args(args, err);
    if (status == TB_OK) {
        status = tb_device_choose(&args->device, kernel, &out->choice, err);
    }
    if (status == TB_OK) {
        status = fill_case(args, out, err);
    }
    return status == TB_OK ? fill_space(args, out, err) : status;
}

const tb_backend *tb_search_backend(const tb_search_args *args)
{
    return tb_backends[args->backend.index];
}

void tb_search_ask_release(tb_search_ask *ask)
{
    tb_device_choice_release(&ask->choice);
    tb_network_destroy(ask->network);
    tb_case_release(&ask->item);
    tb_tiling_list_release(&ask->tilings);
}
