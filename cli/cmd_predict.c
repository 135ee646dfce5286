/* tilebound predict: the bound of a problem, a network, a suite, or all tile shapes of a kernel. */
#include "commands.h"
#include "device_options.h"
#include "kernel.h"
#include "mechanism_view.h"
#include "parallel_options.h"
#include "parallel_view.h"
#include "predict.h"
#include "predict_lists.h"
#include "predict_time.h"
#include "predict_view.h"
#include "timing_view.h"
#include "version.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct predict_args {
    tb_case_args item;
    tb_device_args device;
    tb_parallel_args parallel;
    tb_output_args output;
    const char *network, *suite, *mechanism;
    tb_arg_int layer, dense_steps, seed;
    bool all_tiles, all_kernels;
    tb_arg_choice baseline;
    tb_arg_double at_least;
} predict_args;

#define AT(field) offsetof(predict_args, field)

static const tb_option what_options[] = {
    {"network", '\0', TB_OPTION_TEXT, "NAME", "every layer of a network, by name or YAML file",
     AT(network), 0, 0, NULL, 0},
    {"layer", '\0', TB_OPTION_INT, "N", "only this layer of the network, from 0", AT(layer), 0,
     INT64_MAX, NULL, 0},
    {"dense-steps", '\0', TB_OPTION_INT, "N", "steps of the network that stay dense (default 0)",
     AT(dense_steps), 0, INT64_MAX, NULL, 0},
    {"suite", '\0', TB_OPTION_TEXT, "NAME", "every problem of a suite, by name or YAML file",
     AT(suite), 0, 0, NULL, 0},
    {"mechanism", '\0', TB_OPTION_TEXT, "NAME",
     "a whole method, stage by stage, by name or YAML file", AT(mechanism), 0, 0, NULL, 0},
    {"seed", '\0', TB_OPTION_INT, "N",
     "which instance of a mechanism's random patterns (default 0)", AT(seed), 0, INT64_MAX, NULL,
     0},
    {"all-tiles", '\0', TB_OPTION_FLAG, NULL, "rank every tile shape of the kernel", AT(all_tiles),
     0, 0, NULL, 0},
    {"all-kernels", '\0', TB_OPTION_FLAG, NULL, "rank every kernel on the device", AT(all_kernels),
     0, 0, NULL, 0},
    {"baseline", '\0', TB_OPTION_CHOICE, NULL, "what the speedup is over (default self)",
     AT(baseline), 0, 0, tb_baseline_names, TB_BASELINE_COUNT},
    {"at-least", '\0', TB_OPTION_DOUBLE, "X",
     "exit 5 when the speedup (without --device: the tile bound) is below X", AT(at_least), 0,
     INT64_MAX, NULL, 0},
};

static tb_status check_args(const predict_args *args, tb_error *err)
{
    if (args->all_kernels && (args->device.device == NULL || args->item.kernel != NULL)) {
        return tb_fail(err, TB_EINVAL,
                       "--all-kernels needs --device, and takes every kernel instead "
                       "of --kernel");
    }
    if (args->all_kernels && args->device.schedule.given) {
        return tb_fail(err, TB_EINVAL,
                       "--all-kernels ranks kernels as they are; leave --schedule out");
    }
    if (args->parallel.devices.given &&
        (args->network != NULL || args->suite != NULL || args->mechanism != NULL ||
         args->all_tiles || args->all_kernels)) {
        return tb_fail(err, TB_EINVAL,
                       "--devices shares one problem out; leave --network, --suite, --mechanism, "
                       "--all-tiles and --all-kernels out");
    }
    if ((args->network != NULL) + (args->suite != NULL) + (args->mechanism != NULL) +
            args->all_tiles + args->all_kernels >
        1) {
        return tb_fail(err, TB_EINVAL,
                       "--network, --suite, --mechanism, --all-tiles and --all-kernels are "
                       "different questions; ask one");
    }
    if (args->all_tiles &&
        (args->item.q_tile.count > 0 || args->item.kv_tile.count > 0 || args->item.tiles.given)) {
        return tb_fail(err, TB_EINVAL,
                       "--all-tiles ranks every shape of the kernel; leave --q-tile, "
                       "--kv-tile and --tiles out");
    }
    if (args->seed.given && args->mechanism == NULL) {
        return tb_fail(err, TB_EINVAL, "--seed of which patterns? give --mechanism");
    }
    if (args->baseline.given && args->mechanism != NULL) {
        return tb_fail(err, TB_EINVAL, "a mechanism states its baseline; leave --baseline out");
    }
    if (args->layer.given && args->network == NULL) {
        return tb_fail(err, TB_EINVAL, "--layer of which network? give --network");
    }
    if (args->dense_steps.given && (args->network == NULL || args->device.device == NULL)) {
        return tb_fail(err, TB_EINVAL,
                       "--dense-steps belongs to a network's time; give --network and "
                       "--device");
    }
    if (args->network != NULL && args->item.config != NULL) {
        return tb_fail(err, TB_EINVAL, "--config beside --network; give one of them");
    }
    tb_case_args none;
    memset(&none, 0, sizeof none); /* as the parser starts: padding too */
    none.kernel = args->item.kernel;
    if (args->device.device != NULL && (args->suite != NULL || args->all_tiles)) {
        return tb_fail(err, TB_EINVAL,
                       "--device predicts times of a problem or a network; leave --suite "
                       "and --all-tiles out");
    }
    if (args->suite != NULL && memcmp(&none, &args->item, sizeof none) != 0) {
        return tb_fail(err, TB_EINVAL,
                       "a suite states its problems itself; of their options only "
                       "--kernel goes with --suite");
    }
    return TB_OK;
}

static tb_status print_one(const tb_predict_request *request, const tb_prediction *p,
                           const tb_timing *timing, const tb_parallel_result *shared, tb_error *err)
{
    if (tb_output_format(request->output) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        tb_view_text(&text, p, request->kernel);
        tb_view_timing_text(&text, timing, request);
        tb_view_parallel_text(&text, &request->parallel, request->device, shared);
        tb_view_notes(&text, p);
        return tb_output_text(request->output, &text, err);
    }
    tb_document *doc = tb_document_create("predict", TB_VERSION);
    tb_view_document(doc, p, request->kernel);
    tb_view_timing_document(doc, timing, request);
    tb_view_parallel_document(doc, &request->parallel, shared);
    return tb_output_document(request->output, doc, NULL, err);
}

/* What --devices asks for. */
static tb_status share_out(const tb_predict_request *request, const tb_prediction *p,
                           const tb_timing *timing, tb_parallel_result *out, tb_error *err)
{
    tb_parallel_single single = {.problem = &p->problem,
                                 .pattern = &p->pattern,
                                 .tiling = &p->tiling,
                                 .census = &p->census,
                                 .kernel = request->kernel,
                                 .device = request->device,
                                 .attention_us = timing->time.attention_us};
    return tb_parallel_predict(&request->parallel, &single, out, err);
}

/* One case: the plain form of the command. */
static tb_status predict_one(const tb_predict_request *request, const tb_case *item, double *least,
                             tb_error *err)
{
    tb_prediction p;
    tb_timing timing;
    const tb_timing *timed = NULL;
    tb_parallel_result shared = {.steps = NULL};
    bool is_shared = request->parallel.devices > 0;
    tb_status status = tb_predict(item, request->kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    *least = p.bound.tile_speedup;
    if (request->device != NULL && !tb_kernel_runs_on(request->kernel, request->device)) {
        tb_messages_add(&p.warnings, "kernel %s does not run on %s; its time there is hypothetical",
                        request->kernel->name, request->device->name);
    }
    if (request->device != NULL) {
        status = tb_predict_time(&p, request->kernel, request->device, request->baseline_kernel,
                                 &timing, err);
        timed = &timing;
    }
    if (status == TB_OK && timed != NULL && timing.has_dense) {
        *least = timing.speedup;
    }
    if (status == TB_OK && is_shared) {
        status = share_out(request, &p, &timing, &shared, err);
    }
    if (status == TB_OK) {
        tb_output_warnings(&p.warnings);
        status = print_one(request, &p, timed, is_shared ? &shared : NULL, err);
    }
    tb_parallel_result_release(&shared);
    tb_prediction_release(&p);
    return status;
}

static tb_status predict_case(const predict_args *args, const tb_predict_request *request,
                              double *least, tb_error *err)
{
    tb_case item = tb_case_default();
    tb_status status = tb_case_apply(&args->item, &item, err);
    item.baseline = request->baseline;
    if (status == TB_OK && args->all_kernels) {
        status = tb_predict_kernels(request, &item, least, err);
    } else if (status == TB_OK && args->all_tiles) {
        status = tb_predict_tiles(request, &item, least, err);
    } else if (status == TB_OK) {
        status = predict_one(request, &item, least, err);
    }
    tb_case_release(&item);
    return status;
}

static tb_status check_threshold(const predict_args *args, bool is_time, double least,
                                 tb_error *err)
{
    if (!args->at_least.given || least >= args->at_least.value) {
        return TB_OK;
    }
    return tb_fail(err, TB_ETHRESHOLD, "the %s is %.4g, below --at-least %g",
                   is_time ? "predicted speedup" : "speedup bound by tiles", least,
                   args->at_least.value);
}

static tb_status predict_mechanism(const predict_args *args, tb_error *err)
{
    tb_mechanism_ask ask;
    double least = HUGE_VAL;
    tb_status status = tb_mechanism_ask_of(args->mechanism, &args->item, &args->device,
                                           &args->device.set, &args->seed, &ask, err);
    if (status == TB_OK) {
        status = tb_predict_mechanism(&ask, &args->output, &least, err);
    }
    if (status == TB_OK) {
        status = check_threshold(args, ask.choice.device != NULL, least, err);
    }
    tb_mechanism_ask_release(&ask);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const predict_args *args = arguments;
    (void)positional;
    tb_device_choice choice = {0};
    double least = HUGE_VAL;
    tb_status status = check_args(args, err);
    if (status == TB_OK && args->mechanism != NULL) {
        return predict_mechanism(args, err);
    }
    if (status == TB_OK) {
        status = tb_parallel_args_check(&args->parallel, args->device.device != NULL, err);
    }
    if (status == TB_OK) {
        status = tb_device_choose(&args->device, args->item.kernel, &choice, err);
    }
    tb_predict_request request = {
        .args = &args->item,
        .output = &args->output,
        .kernel = choice.kernel,
        .device = choice.device,
        .baseline_kernel = choice.baseline,
        .dense_steps = args->dense_steps.value,
        .parallel = tb_parallel_args_request(&args->parallel),
        .baseline = args->baseline.given ? (tb_baseline)args->baseline.index : TB_BASELINE_SELF,
    };
    if (status == TB_OK && choice.device != NULL && choice.kernel == NULL) {
        status = tb_fail(err, TB_EINVAL, "device %s has no default kernel; give --kernel",
                         choice.device->name);
    }
    if (status == TB_OK && args->network != NULL) {
        int64_t layer = args->layer.given ? args->layer.value : -1;
        status = tb_predict_network(&request, args->network, layer, &least, err);
    } else if (status == TB_OK && args->suite != NULL) {
        status = tb_predict_suite(&request, args->suite, &least, err);
    } else if (status == TB_OK) {
        status = predict_case(args, &request, &least, err);
    }
    if (status == TB_OK) {
        status = check_threshold(args, choice.device != NULL, least, err);
    }
    tb_device_choice_release(&choice);
    return status;
}

static const tb_option_group groups[] = {
    {"What to predict", what_options, sizeof what_options / sizeof *what_options, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"Device", tb_device_options, TB_DEVICE_OPTION_COUNT, AT(device)},
    {"Several devices", tb_parallel_options, TB_PARALLEL_OPTION_COUNT, AT(parallel)},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound predict -i 30x48x80 -w 18x24x24 -s 16x8x8 -n 24 --kernel cutlass-blackwell-fna "
     "--q-tile 4x8x8 --kv-tile 2x8x8",
     "HunyuanVideo with a stride that makes every tile full"},
    {"tilebound predict -i 32768 -w 2048 -s 256 --kernel cutlass-hopper-fna --format json",
     "a sliding window over one dimension, as JSON"},
    {"tilebound predict -i 30x48x80 -w 18x24x24 -s 16x8x8 -n 24 --device h100-sxm --tiles best",
     "its time on an H100, and the speedup over cuDNN's dense attention"},
    {"tilebound predict -i 16384 -w 1024 -n 16 --device h100-sxm --all-kernels",
     "which kernel is fastest there"},
    {"tilebound predict -i 131072 -c 1 -n 32 --heads-kv 8 --device h100-sxm --devices 8 --shards "
     "zigzag",
     "causal attention as a ring over 8 devices"},
    {"tilebound predict -i 256x256 -w 80x80 --kernel cutlass-blackwell-fna --all-tiles",
     "which tile shapes of the kernel suit a window"},
    {"tilebound predict --network cosmos-predict2-2b --kernel cutlass-hopper-fna",
     "every layer of a network"},
    {"tilebound predict --mechanism minference -i 131072 --device a100-80",
     "a whole method: what each of its stages takes, against dense attention"},
    {"tilebound predict --suite gna", "the published problems beside their published bounds"},
    {"tilebound predict -i 8192 --local 1024,0 --baseline causal --at-least 3",
     "fail a build when a sliding window cannot be three times faster than causal attention"},
};

const tb_command tb_cmd_predict = {
    .name = "predict",
    .group = "ask",
    .summary = "how much faster than dense attention a sparse pattern can possibly be",
    .description =
        "Counts the tiles that a pattern makes a kernel visit and prints upper bounds on its\n"
        "speedup: by FLOPs, by tiles in total, and by the worst query tile. Exact; needs no GPU.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(predict_args),
    .run = run,
};
