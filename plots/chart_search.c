/* What a search found: for each part of the pairs that stays visible, the most speedup. */
#include "chart_search.h"

#include "case_words.h"
#include "chart_caption.h"
#include "chart_style.h"
#include "pattern.h"
#include "yaml_doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_LABELS 8

/* One configuration of the front. */
typedef struct point {
    double visible_percent;
    double bound;   /* by tiles */
    double speedup; /* predicted; 0 = not known */
    char label[200];
} point;

/* A search as its file has it; texts are borrowed from the document. */
typedef struct search_file {
    const char *kernel, *device, *network; /* or NULL */
    double dense_us;                       /* 0 = not known */
    point *points;                         /* owned */
    size_t count;
} search_file;

static tb_status text_of(const tb_yaml_node *root, const char *key, const char **out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(root, key);
    *out = NULL;
    return node == NULL ? TB_OK : tb_yaml_text(node, out, err);
}

static tb_status need_double(const tb_yaml_node *map, const char *key, double min, double *out,
                             tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_double(node, min, HUGE_VAL, out, err) : status;
}

static tb_status need_list(const tb_yaml_node *map, const char *key, char out[static 96],
                           tb_error *err)
{
    const tb_yaml_node *node = NULL;
    int64_t values[TB_MAX_RANK];
    size_t count = 0;
    tb_status status = tb_yaml_need(map, key, &node, err);
    if (status == TB_OK) {
        status = tb_yaml_int_list(node, TB_MAX_RANK, 1, INT64_MAX, values, &count, err);
    }
    if (status == TB_OK) {
        (void)tb_view_dims(values, (int)count, out);
    }
    return status;
}

static tb_status read_point(const tb_yaml_node *node, double dense_us, point *out, tb_error *err)
{
    double sparsity = 0, total_us = 0;
    char window[96], stride[96];
    const tb_yaml_node *time = tb_yaml_get(node, "total_us");
    tb_status status = need_double(node, "sparsity", 0, &sparsity, err);
    if (status == TB_OK) {
        status = need_double(node, "tile_speedup", 0, &out->bound, err);
    }
    if (status == TB_OK && time != NULL) {
        status = tb_yaml_double(time, 0, HUGE_VAL, &total_us, err);
    }
    if (status == TB_OK) {
        status = need_list(node, "window", window, err);
    }
    if (status == TB_OK) {
        status = need_list(node, "stride", stride, err);
    }
    if (status == TB_OK) {
        out->visible_percent = 100 * (1 - sparsity);
        out->speedup = total_us > 0 ? dense_us / total_us : 0;
        (void)snprintf(out->label, sizeof out->label, "%s stride %s", window, stride);
    }
    return status;
}

/* Dense attention's time, from the first result. */
static tb_status read_dense(const tb_yaml_node *root, double *out, tb_error *err)
{
    const tb_yaml_node *results = tb_yaml_get(root, "results");
    const tb_yaml_node *first = tb_yaml_count(results) > 0 ? tb_yaml_item(results, 0) : NULL;
    const tb_yaml_node *dense = tb_yaml_get(tb_yaml_get(first, "time"), "dense_us");
    *out = 0;
    return dense == NULL ? TB_OK : tb_yaml_double(dense, 0, HUGE_VAL, out, err);
}

static tb_status read_search(const tb_yaml *doc, search_file *out, tb_error *err)
{
    const tb_yaml_node *root = tb_yaml_root(doc), *front = NULL;
    tb_status status = tb_yaml_check_schema(doc, "search", err);
    if (status == TB_OK) {
        status = text_of(root, "kernel", &out->kernel, err);
    }
    if (status == TB_OK) {
        status = text_of(root, "device", &out->device, err);
    }
    if (status == TB_OK) {
        status = text_of(root, "network", &out->network, err);
    }
    if (status == TB_OK) {
        status = read_dense(root, &out->dense_us, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(root, "pareto", &front, err);
    }
    if (status == TB_OK && tb_yaml_count(front) == 0) {
        status = tb_yaml_fail(front, err, "no front; search by bound or time finds one");
    }
    if (status == TB_OK) {
        out->points = calloc(tb_yaml_count(front), sizeof *out->points);
        status = out->points != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a front");
    }
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(front); i++) {
        status = read_point(tb_yaml_item(front, i), out->dense_us, &out->points[i], err);
        out->count += status == TB_OK;
    }
    return status;
}

/* Labels at even distances along the front, which begins with the most visible. */
static void put_points(const search_file *file, tb_chart_data *data)
{
    tb_buffer *out = tb_chart_data_file(data, "front.dat");
    size_t step = (file->count + MOST_LABELS - 1) / MOST_LABELS;
    tb_buffer_text(out, "# visible percent\tbound by tiles\tpredicted speedup\tlabel\tpattern\n");
    for (size_t i = 0; i < file->count; i++) {
        const point *p = &file->points[i];
        tb_buffer_printf(out, "%.9g\t%.9g\t", p->visible_percent, p->bound);
        tb_buffer_printf(out, p->speedup > 0 ? "%.9g\t" : "?\t", p->speedup);
        tb_chart_field(data, out, i % step == 0 || i + 1 == file->count ? p->label : "");
        tb_buffer_text(out, "\t");
        tb_chart_field(data, out, p->label);
        tb_buffer_text(out, "\n");
    }
}

static void print_script(const search_file *file, bool is_timed, tb_chart_data *data)
{
    tb_buffer *script = &data->script;
    const char *font = data->is_tex || data->is_text ? "" : " font ',8'";
    double low = HUGE_VAL, high = 0, slowest = HUGE_VAL, fastest = 0;
    for (size_t i = 0; i < file->count; i++) {
        const point *p = &file->points[i];
        low = fmin(low, p->visible_percent);
        high = fmax(high, p->visible_percent);
        slowest = fmin(slowest, is_timed ? p->speedup : p->bound);
        fastest = fmax(fastest, fmax(p->speedup, p->bound));
    }
    double margin = fmax(0.06 * (high - low), 0.01 * high);
    tb_buffer_printf(script,
                     "set datafile missing '?'\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
                     "set xlabel 'visible pairs, %% of dense attention'\n"
                     "set ylabel 'speedup over dense attention, times'\n"
                     "set key outside right top vertical\n"
                     "plot 100/x with lines lw 1.5 dt 2 lc rgb " TB_INK_FLOP
                     " title 'bound by FLOPs', \\\n"
                     "  'front.dat' using 1:2 with points pt 6 ps 0.7 lc rgb " TB_INK_BOUND
                     " title 'bound by tiles'",
                     low - margin, high + 3 * margin, 0.9 * slowest, 1.06 * fastest);
    if (is_timed) {
        tb_buffer_text(script, ", \\\n  '' using 1:3 with linespoints lw 1.5 pt 7 ps 0.7 lc "
                               "rgb " TB_INK_PREDICTED " title 'predicted, with permutation'");
    }
    tb_buffer_printf(script, ", \\\n  '' using 1:%d:4 with labels left offset 0.8,0.5%s notitle\n",
                     is_timed ? 3 : 2, font);
}

static void say(const tb_chart_input *input, const search_file *file, bool is_timed,
                tb_chart_data *data)
{
    tb_chart_title(input, data, "The best pattern for what is left visible%s%s",
                   file->network != NULL ? ": " : "", file->network != NULL ? file->network : "");
    tb_chart_say(data, "Every configuration of a search that no other beats: none sees as much "
                       "at less cost.");
    if (file->kernel != NULL) {
        tb_chart_say(data, "Tiles of %s%s%s.", file->kernel, is_timed ? ", predicted on " : "",
                     is_timed ? file->device : "");
    }
    tb_chart_say_version(data);
}

tb_status tb_chart_search_fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_yaml *doc = NULL;
    search_file file = {0};
    tb_status status = tb_yaml_read(input->search, &doc, err);
    if (status == TB_OK) {
        status = read_search(doc, &file, err);
    }
    if (status == TB_OK) {
        bool is_timed = file.device != NULL && file.points[0].speedup > 0;
        put_points(&file, data);
        print_script(&file, is_timed, data);
        say(input, &file, is_timed, data);
        data->height = 560;
    }
    free(file.points);
    tb_yaml_destroy(doc);
    return status;
}
