#include "report_command.h"

#include "case_words.h"
#include "pattern_file.h"
#include "quote.h"

#include <string.h>

/* A buffer's text as the page's. */
static const char *keep(tb_page *page, tb_buffer *text)
{
    page->failed = page->failed || text->failed;
    const char *kept = tb_page_say(page, "%s", text->data != NULL ? text->data : "");
    tb_buffer_free(text);
    return kept;
}

static void option(tb_buffer *out, const char *name, const char *value)
{
    tb_buffer_printf(out, " %s ", name);
    tb_quote_shell(out, value);
}

const char *tb_report_command(tb_page *page, const char *words, const char *name,
                              const char *const *names, size_t count)
{
    tb_buffer text = {0};
    tb_buffer_printf(&text, "tilebound %s", words);
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(&text, " %s%s", name, name[0] != '\0' ? " " : "");
        tb_quote_shell(&text, names[i]);
    }
    return keep(page, &text);
}

static void put_dims(tb_buffer *out, const char *name, const int64_t *values, int count)
{
    char dims[96];
    option(out, name, tb_view_dims(values, count, dims));
}

static void put_dims_but_ones(tb_buffer *out, const char *name, const int64_t *values, int count)
{
    char dims[96];
    if (tb_view_dims_or_dash(values, count, dims)[0] != '-') {
        option(out, name, dims);
    }
}

static void put_pattern(tb_buffer *out, const tb_pattern *pattern, int rank)
{
    if (pattern->kind == TB_PATTERN_EXPLICIT) {
        tb_buffer_printf(out, " --mask-block %lldx%lld", (long long)pattern->mask_block_q,
                         (long long)pattern->mask_block_kv);
    }
    if (pattern->kind == TB_PATTERN_LOCAL) {
        tb_buffer_printf(out, " --local %lld,%lld", (long long)pattern->left,
                         (long long)pattern->right);
    }
    if (pattern->kind >= TB_PATTERN_FIELD_KINDS) {
        tb_buffer text = {0};
        tb_pattern_print_text(pattern, rank, &text);
        option(out, "--pattern", text.data != NULL ? text.data : "");
        tb_buffer_free(&text);
    }
    if (pattern->kind != TB_PATTERN_GNA) {
        return;
    }
    put_dims(out, "-w", pattern->window, rank);
    put_dims_but_ones(out, "-s", pattern->stride, rank);
    put_dims_but_ones(out, "--dilation", pattern->dilation, rank);
    bool any = false;
    for (int d = 0; d < rank; d++) {
        any = any || pattern->causal[d];
    }
    for (int d = 0; any && d < rank; d++) {
        tb_buffer_printf(out, "%s%d", d == 0 ? " --causal " : ",", pattern->causal[d]);
    }
}

static void put_number(tb_buffer *out, const char *name, int64_t value, int64_t otherwise)
{
    if (value != otherwise) {
        tb_buffer_printf(out, " %s %lld", name, (long long)value);
    }
}

static void put_problem(tb_buffer *out, const tb_problem *problem)
{
    put_number(out, "-b", problem->batch, 1);
    put_number(out, "-n", problem->heads, 1);
    put_number(out, "--heads-kv", problem->heads_kv, problem->heads);
    put_number(out, "-d", problem->dim, 128);
    put_number(out, "--dim-value", problem->dim_value, problem->dim);
    put_number(out, "--add-kv", problem->extra_kv, 0);
    put_number(out, "--add-q", problem->extra_q, 0);
    if (problem->dtype != TB_DTYPE_BF16) {
        option(out, "--dtype", tb_dtype_names[problem->dtype]);
    }
    tb_buffer_text(out, problem->pass == TB_PASS_BACKWARD ? " --backprop" : "");
}

static void put_row(tb_buffer *out, const tb_report_row *row, bool with_device)
{
    const tb_prediction *p = &row->prediction;
    int rank = p->problem.layout.rank, dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    put_dims(out, "-i", p->problem.layout.extent, rank);
    if (row->item.mask_path != NULL) {
        option(out, "--mask", row->item.mask_path);
    }
    put_pattern(out, &p->pattern, rank);
    put_problem(out, &p->problem);
    if (with_device) {
        option(out, "--device", row->device_name);
    }
    option(out, "--kernel", row->kernel->name);
    put_dims(out, "--q-tile", p->tiling.q_tile, dims);
    put_dims(out, "--kv-tile", p->tiling.kv_tile, dims);
    if (with_device && row->baseline != NULL &&
        (row->device->dense_kernel == NULL ||
         strcmp(row->device->dense_kernel, row->baseline->name) != 0)) {
        option(out, "--baseline-kernel", row->baseline->name);
    }
    if (with_device && row->item.baseline != TB_BASELINE_SELF) {
        option(out, "--baseline", tb_baseline_names[row->item.baseline]);
    }
}

const char *tb_report_explain_command(tb_page *page, const tb_report_row *row)
{
    tb_buffer out = {0};
    tb_buffer_text(&out, "tilebound explain");
    if (row->dense != NULL) {
        option(&out, "--profile", row->profile_name);
        option(&out, "--run", row->compared->run->id);
    } else {
        put_row(&out, row, true);
    }
    return keep(page, &out);
}

const char *tb_report_plot_command(tb_page *page, const char *chart, const tb_report_row *row,
                                   bool with_device)
{
    tb_buffer out = {0};
    tb_buffer_printf(&out, "tilebound plot %s", chart);
    put_row(&out, row, with_device);
    tb_buffer_printf(&out, " -o %s.svg", chart);
    return keep(page, &out);
}

const char *tb_report_network_command(tb_page *page, const tb_chart_input *input)
{
    tb_buffer out = {0};
    tb_buffer_text(&out, "tilebound plot network");
    option(&out, "--network", input->network->name);
    option(&out, "--device", input->device->name);
    option(&out, "--kernel", input->kernel->name);
    tb_buffer_text(&out, " -o network.svg");
    return keep(page, &out);
}
