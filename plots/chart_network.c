/* The attention of every layer of a network: dense, and as its cases have it. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "chart_times.h"

#include "case_words.h"
#include "predict_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_CASES 4

/* Self attention of one layer, in microseconds. */
typedef struct layer_time {
    double attention_us, permute_us, dense_us;
} layer_time;

typedef struct layer_times {
    layer_time *of; /* cases x layers */
    tb_basis basis;
} layer_times;

/* One group's time, added to each of its layers. */
static tb_status add_group(const tb_chart_input *input, const tb_layer_group *group,
                           layer_time *layers, tb_basis *basis, tb_error *err)
{
    const tb_network *network = input->network;
    tb_case item = tb_case_default();
    item.problem.layout = network->layout;
    item.problem.heads = item.problem.heads_kv = group->heads;
    item.problem.dim = item.problem.dim_value = network->dim;
    item.pattern = group->pattern;
    tb_case_normalize(&item);
    tb_chart_times times;
    tb_status status = tb_chart_times_fill(input, &item, &times, err);
    for (size_t i = 0; status == TB_OK && i < group->layer_count; i++) {
        layer_time *layer = &layers[group->layers[i]];
        layer->attention_us += times.timing.time.attention_us;
        layer->permute_us += times.timing.time.permute_us;
        layer->dense_us += times.timing.dense.attention_us;
    }
    if (status == TB_OK && times.timing.time.basis > *basis) {
        *basis = times.timing.time.basis;
    }
    tb_chart_times_release(&times);
    return status;
}

static size_t case_count(const tb_network *network)
{
    return network->case_count < MOST_CASES ? network->case_count : MOST_CASES;
}

static tb_status add_cases(const tb_chart_input *input, layer_times *times, tb_error *err)
{
    const tb_network *network = input->network;
    tb_status status = TB_OK;
    for (size_t c = 0; c < case_count(network); c++) {
        layer_time *layers = times->of + c * (size_t)network->layers;
        const tb_network_case *which = &network->cases[c];
        for (size_t g = 0; status == TB_OK && g < which->group_count; g++) {
            status = add_group(input, &which->groups[g], layers, &times->basis, err);
        }
    }
    return status;
}

static double largest(const layer_times *times, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        const layer_time *layer = &times->of[i];
        most = fmax(most, fmax(layer->dense_us, layer->attention_us + layer->permute_us));
    }
    return most;
}

static void put_layers(const tb_network *network, const layer_times *times, double scale,
                       tb_chart_data *data)
{
    size_t layers = (size_t)network->layers;
    tb_buffer *out = tb_chart_data_file(data, "layers.dat");
    tb_buffer_text(out, "# layer\tdense");
    for (size_t c = 0; c < case_count(network); c++) {
        tb_buffer_text(out, "\tattention of case ");
        tb_chart_field(data, out, network->cases[c].name);
        tb_buffer_text(out, "\twith permutation");
    }
    for (size_t i = 0; i < layers; i++) {
        tb_buffer_printf(out, "\n%zu\t%.9g", i, times->of[i].dense_us * scale);
        for (size_t c = 0; c < case_count(network); c++) {
            const layer_time *layer = &times->of[c * layers + i];
            tb_buffer_printf(out, "\t%.9g\t%.9g", layer->attention_us * scale,
                             (layer->attention_us + layer->permute_us) * scale);
        }
    }
    tb_buffer_text(out, "\n");
}

/* A case's bars stand side by side within the layer's; permutation is the pale part on top. */
static void print_case(const tb_network *network, size_t c, tb_chart_data *data)
{
    static const char *const inks[MOST_CASES] = {TB_INK_ORANGE, TB_INK_BLUE, TB_INK_RED,
                                                 TB_INK_PURPLE};
    size_t count = case_count(network);
    double width = 0.8 / (double)count, left = -0.4 + (double)c * width;
    tb_buffer title = {0};
    tb_buffer_printf(&title, "case %s", network->cases[c].name);
    for (int part = 1; part >= 0; part--) { /* the whole first: its lower part is drawn over */
        size_t column = 3 + 2 * c + (size_t)part;
        tb_buffer_printf(&data->script,
                         ", \\\n  '' using 1:($%zu/2):($1%+.4f):($1%+.4f):(0):%zu with boxxyerror "
                         "lc rgb %s dt 1 lw 0.3 fs solid %s border lc rgb '#404040' ",
                         column, left, left + width, column, inks[c], part == 1 ? "0.35" : "1.0");
        if (part == 1) {
            tb_buffer_text(&data->script, "notitle");
        } else {
            tb_buffer_text(&data->script, "title ");
            tb_chart_string(data, &data->script, title.data != NULL ? title.data : "");
        }
    }
    tb_buffer_free(&title);
}

static void print_script(const tb_network *network, const char *unit, tb_chart_data *data)
{
    tb_buffer_printf(
        &data->script,
        "set xrange [-0.7:%lld.7]\nset yrange [0:*]\nset xlabel 'layer, number'\n"
        "set ylabel 'self attention of one forward pass, %s'\n"
        "plot 'layers.dat' using 1:($2/2):($1-0.45):($1+0.45):(0):2 with boxxyerror fs "
        "solid 1.0 noborder lc rgb " TB_INK_PALE " title 'dense'",
        (long long)network->layers - 1, unit);
    for (size_t c = 0; c < case_count(network); c++) {
        print_case(network, c, data);
    }
    tb_buffer_text(&data->script, "\n");
}

static void say(const tb_chart_input *input, const layer_times *times, tb_chart_data *data)
{
    const tb_network *network = input->network;
    char layout[96];
    tb_chart_title(input, data, "Attention layer by layer: %s on %s", network->name,
                   input->device->name);
    tb_chart_say(data,
                 "%lld layers of %lld heads, dim %lld, over %s, batch 1, bf16. Predicted: %s (%s) "
                 "over %s dense, on %s; the pale tops permute tokens.",
                 (long long)network->layers, (long long)network->heads, (long long)network->dim,
                 tb_view_dims(network->layout.extent, network->layout.rank, layout),
                 input->kernel->name, tb_basis_names[times->basis], input->baseline->name,
                 input->device->name);
    if (network->rest.given && network->rest.permutes_once) {
        tb_chart_say(data, "This network is taken to permute once for all layers, not in each.");
    }
    if (network->case_count > MOST_CASES) {
        tb_chart_say(data, "The first %d of %zu cases.", MOST_CASES, network->case_count);
    }
    tb_chart_say_version(data);
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    const tb_network *network = input->network;
    size_t count = case_count(network) * (size_t)network->layers;
    double scale;
    if (count == 0) {
        return tb_fail(err, TB_EINVAL, "network %s has no case to draw", network->name);
    }
    layer_times times = {.of = calloc(count, sizeof *times.of), .basis = TB_BASIS_CALIBRATED};
    if (times.of == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the layers of a chart");
    }
    tb_status status = add_cases(input, &times, err);
    if (status == TB_OK) {
        const char *unit = tb_chart_time_unit(largest(&times, count), &scale);
        put_layers(network, &times, scale, data);
        print_script(network, unit, data);
        say(input, &times, data);
    }
    free(times.of);
    return status;
}

const tb_chart tb_chart_network = {
    .name = "network",
    .summary = "the attention of every layer of a network, dense and as its cases have it",
    .needs = TB_CHART_NEEDS_NETWORK | TB_CHART_NEEDS_DEVICE | TB_CHART_NEEDS_DENSE,
    .fill = fill,
};
