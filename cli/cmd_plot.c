/* tilebound plot: one chart, into a file or the terminal. */
#include "case_options.h"
#include "chart_render.h"
#include "commands.h"
#include "device_options.h"
#include "file.h"
#include "terminal.h"

#include <stddef.h>

typedef struct plot_args {
    tb_case_args item;
    tb_device_args device;
    tb_arg_choice baseline;
    tb_arg_texts profiles;
    const char *network;
    const char *search;
    const char *study;
    const char *title;
    const char *path;
    const char *script;
    tb_arg_int width, height;
} plot_args;

#define AT(field) offsetof(plot_args, field)

#define MOST_PIXELS 16384
#define SPARE_ROWS  2 /* of the terminal: the prompt stays in view */

static const tb_option what_options[] = {
    {"baseline", '\0', TB_OPTION_CHOICE, NULL, "what speedups are over (default self)",
     AT(baseline), 0, 0, tb_baseline_names, TB_BASELINE_COUNT},
    {"profile", '\0', TB_OPTION_TEXTS, "NAME",
     "measured runs to draw, by name or file; may be repeated", AT(profiles), 0, 0, NULL, 0},
    {"network", '\0', TB_OPTION_TEXT, "NAME", "the network whose layers to draw", AT(network), 0, 0,
     NULL, 0},
    {"search", '\0', TB_OPTION_TEXT, "FILE",
     "draw the front of a search: what `search --format json` wrote; - = standard input",
     AT(search), 0, 0, NULL, 0},
    {"study", '\0', TB_OPTION_TEXT, "FILE",
     "groups of a sweep to draw: what `sweep --group-by COLUMN --format csv` wrote", AT(study), 0,
     0, NULL, 0},
    {"title", '\0', TB_OPTION_TEXT, "TEXT", "in place of the chart's own title", AT(title), 0, 0,
     NULL, 0},
};

static const tb_option output_options[] = {
    {"output", 'o', TB_OPTION_TEXT, "FILE",
     "draw into it: .svg, .png, .pdf, .tex (TikZ) or .txt; default: the terminal", AT(path), 0, 0,
     NULL, 0},
    {"script", '\0', TB_OPTION_TEXT, "DIR",
     "leave the gnuplot script and its data there, to change and run", AT(script), 0, 0, NULL, 0},
    {"width", '\0', TB_OPTION_INT, "N", "pixels, or columns of the terminal", AT(width), 20,
     MOST_PIXELS, NULL, 0},
    {"height", '\0', TB_OPTION_INT, "N", "pixels, or rows of the terminal", AT(height), 10,
     MOST_PIXELS, NULL, 0},
};

/* What the command holds while it runs. */
typedef struct inputs {
    tb_case item;
    tb_device_choice choice;
    tb_profile *profiles[TB_TEXTS_MAX];
    const tb_profile *borrowed[TB_TEXTS_MAX];
    tb_network *network;
} inputs;

static void release(inputs *in)
{
    tb_case_release(&in->item);
    tb_device_choice_release(&in->choice);
    for (size_t i = 0; i < TB_TEXTS_MAX; i++) {
        tb_profile_destroy(in->profiles[i]);
    }
    tb_network_destroy(in->network);
}

static tb_status load(const plot_args *args, inputs *in, tb_error *err)
{
    tb_case_args rest = args->item;
    rest.kernel = NULL;
    tb_status status = tb_device_choose(&args->device, args->item.kernel, &in->choice, err);
    if (status == TB_OK && tb_case_args_any(&rest)) {
        status = tb_case_apply(&args->item, &in->item, err);
    }
    if (args->baseline.given) {
        in->item.baseline = (tb_baseline)args->baseline.index;
    }
    for (size_t i = 0; status == TB_OK && i < args->profiles.count; i++) {
        status = tb_profile_load(args->profiles.values[i], &in->profiles[i], err);
        in->borrowed[i] = in->profiles[i];
    }
    if (status == TB_OK && args->network != NULL) {
        status = tb_network_load(args->network, &in->network, err);
    }
    return status;
}

static tb_chart_input input_of(const plot_args *args, const inputs *in)
{
    return (tb_chart_input){
        .item = in->item.problem.layout.rank > 0 ? &in->item : NULL,
        .kernel = in->choice.kernel,
        .baseline = in->choice.baseline,
        .device = in->choice.device,
        .profiles = in->borrowed,
        .profile_count = args->profiles.count,
        .network = in->network,
        .search = args->search,
        .study = args->study,
        .title = args->title,
    };
}

/* An option that the chart does not look at is a mistake, not to be passed over. */
static tb_status refuse_unused(const tb_chart *chart, const tb_chart_input *input,
                               bool has_baseline, tb_error *err)
{
    const struct {
        bool given;
        unsigned needs;
        const char *words;
    } inputs_given[] = {
        {input->item != NULL, TB_CHART_NEEDS_PROBLEM | TB_CHART_MAY_PROBLEM, "no problem"},
        {input->device != NULL, TB_CHART_NEEDS_DEVICE | TB_CHART_MAY_DEVICE, "no --device"},
        {input->kernel != NULL,
         TB_CHART_NEEDS_PROBLEM | TB_CHART_MAY_PROBLEM | TB_CHART_NEEDS_DEVICE |
             TB_CHART_MAY_DEVICE,
         "no --kernel"},
        {has_baseline, TB_CHART_NEEDS_DENSE, "no --baseline"},
        {input->profile_count > 0, TB_CHART_NEEDS_PROFILES, "no --profile"},
        {input->network != NULL, TB_CHART_NEEDS_NETWORK, "no --network"},
        {input->search != NULL, TB_CHART_MAY_SEARCH, "no --search"},
        {input->study != NULL, TB_CHART_NEEDS_STUDY, "no --study"},
    };
    for (size_t i = 0; i < sizeof inputs_given / sizeof *inputs_given; i++) {
        if (inputs_given[i].given && (chart->needs & inputs_given[i].needs) == 0) {
            return tb_fail(err, TB_EINVAL, "%s takes %s; leave it out", chart->name,
                           inputs_given[i].words);
        }
    }
    if (input->search != NULL && input->profile_count > 0) {
        return tb_fail(err, TB_EINVAL, "--search beside --profile; draw one of them");
    }
    return TB_OK;
}

static tb_status choose_target(const plot_args *args, tb_chart_target *target, tb_error *err)
{
    *target = (tb_chart_target){.format = TB_CHART_TEXT,
                                .width = args->width.given ? args->width.value : 0,
                                .height = args->height.given ? args->height.value : 0,
                                .script_folder = args->script};
    if (args->path != NULL) {
        return tb_chart_format_of(args->path, &target->format, err);
    }
    target->in_colour = tb_terminal_has_colour();
    if (target->width == 0) {
        target->width = tb_terminal_columns();
    }
    if (target->height == 0) {
        target->height = tb_terminal_rows() - SPARE_ROWS;
    }
    return TB_OK;
}

static tb_status draw(const plot_args *args, const tb_chart *chart, const tb_chart_input *input,
                      tb_error *err)
{
    tb_chart_target target;
    tb_buffer picture = {0};
    tb_status status = choose_target(args, &target, err);
    if (status == TB_OK) {
        status = tb_chart_render(chart, input, &target, &picture, err);
    }
    if (status == TB_OK) {
        status = args->path != NULL ? tb_file_replace(args->path, picture.data, picture.length, err)
                                    : tb_file_write_stdout(picture.data, picture.length, err);
    }
    tb_buffer_free(&picture);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const plot_args *args = arguments;
    const tb_chart *chart = NULL;
    inputs in = {.item = tb_case_default()};
    tb_status status = tb_chart_find(positional[0], &chart, err);
    if (status == TB_OK) {
        status = load(args, &in, err);
    }
    if (status == TB_OK) {
        tb_chart_input input = input_of(args, &in);
        status = refuse_unused(chart, &input, args->baseline.given, err);
        if (status == TB_OK) {
            status = draw(args, chart, &input, err);
        }
    }
    release(&in);
    return status;
}

static const tb_option_group groups[] = {
    {"What to draw", what_options, sizeof what_options / sizeof *what_options, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"Device", tb_device_options, TB_DEVICE_OPTION_COUNT, AT(device)},
    {"Output", output_options, sizeof output_options / sizeof *output_options, 0},
};

static const tb_example examples[] = {
    {"tilebound plot tiles -i 64x64 -w 24x24 --q-tile 8x8 --kv-tile 8x8 -o tiles.svg",
     "which KV tiles each query tile of a 2-D window visits"},
    {"tilebound plot waterfall -i 30x48x80 -w 18x24x24 -n 24 --device h100-sxm --q-tile 2x8x8 "
     "--kv-tile 2x8x8 -o why.pdf",
     "where the eleven-fold saving of HunyuanVideo's window goes"},
    {"tilebound plot stride-sweep -i 32768 -w 2048 --device h100-sxm",
     "speedups over the stride, in the terminal"},
};

const tb_command tb_cmd_plot = {
    .name = "plot",
    .group = "show",
    .summary = "draw one chart: SVG, PNG, PDF, TikZ, or in the terminal",
    .positional = "CHART",
    .description =
        "Draws a chart by gnuplot; 'tilebound list charts' says which there are. Charts of a\n"
        "problem take the options of predict. Under each stands what it shows: device, kernel,\n"
        "version, and whether its numbers are counted, predicted or measured. --script keeps what\n"
        "gnuplot was given: `cd DIR && gnuplot CHART.gp` draws it again. Exits 4 without gnuplot.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(plot_args),
    .positional_min = 1,
    .positional_max = 1,
    .run = run,
};
