#include "case_command.h"

#include "pattern_file.h"

#include <string.h>

void tb_print_shell_word(const char *word, tb_buffer *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=+,@%";
    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        tb_buffer_text(out, word);
        return;
    }
    tb_buffer_text(out, "'");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            tb_buffer_text(out, "'\\''");
        } else {
            tb_buffer_append(out, word, 1);
        }
    }
    tb_buffer_text(out, "'");
}

static void print_list(const char *option, const int64_t *values, int count, const char *joint,
                       tb_buffer *out)
{
    tb_buffer_printf(out, " %s ", option);
    for (int i = 0; i < count; i++) {
        tb_buffer_printf(out, "%s%lld", i > 0 ? joint : "", (long long)values[i]);
    }
}

static void print_number(const char *option, int64_t value, int64_t usual, tb_buffer *out)
{
    if (value != usual) {
        tb_buffer_printf(out, " %s %lld", option, (long long)value);
    }
}

static void print_problem(const tb_problem *problem, tb_buffer *out)
{
    print_list("-i", problem->layout.extent, problem->layout.rank, "x", out);
    print_number("-b", problem->batch, 1, out);
    print_number("-n", problem->heads, 1, out);
    print_number("--heads-kv", problem->heads_kv, problem->heads, out);
    print_number("-d", problem->dim, 128, out);
    print_number("--dim-value", problem->dim_value, problem->dim, out);
    print_number("--add-kv", problem->extra_kv, 0, out);
    print_number("--add-q", problem->extra_q, 0, out);
    tb_buffer_printf(out, " --dtype %s", tb_dtype_names[problem->dtype]);
    if (problem->pass == TB_PASS_BACKWARD) {
        tb_buffer_text(out, " --backprop");
    }
}

static bool has_other_than(const int64_t *values, int count, int64_t usual)
{
    for (int i = 0; i < count; i++) {
        if (values[i] != usual) {
            return true;
        }
    }
    return false;
}

static void print_gna(const tb_pattern *pattern, int rank, tb_buffer *out)
{
    int64_t causal[TB_MAX_RANK];
    for (int d = 0; d < rank; d++) {
        causal[d] = pattern->causal[d];
    }
    print_list("-w", pattern->window, rank, "x", out);
    if (has_other_than(pattern->stride, rank, 1)) {
        print_list("-s", pattern->stride, rank, "x", out);
    }
    if (has_other_than(pattern->dilation, rank, 1)) {
        print_list("--dilation", pattern->dilation, rank, "x", out);
    }
    if (has_other_than(causal, rank, 0)) {
        print_list("-c", causal, rank, ",", out);
    }
}

static void print_by_table(const tb_pattern *pattern, int rank, tb_buffer *out)
{
    tb_buffer text = {0};
    tb_pattern_print_text(pattern, rank, &text);
    tb_buffer_text(out, " --pattern ");
    tb_print_shell_word(text.data != NULL ? text.data : "", out);
    out->failed |= text.failed;
    tb_buffer_free(&text);
}

static void print_pattern(const tb_case *item, tb_buffer *out)
{
    const tb_pattern *pattern = &item->pattern;
    int64_t sides[2] = {pattern->left, pattern->right};
    int64_t blocks[2] = {pattern->mask_block_q, pattern->mask_block_kv};
    switch (pattern->kind) {
    case TB_PATTERN_CAUSAL:
        tb_buffer_text(out, " -w -1 -c 1");
        break;
    case TB_PATTERN_GNA:
        print_gna(pattern, item->problem.layout.rank, out);
        break;
    case TB_PATTERN_LOCAL:
        print_list("--local", sides, 2, ",", out);
        break;
    case TB_PATTERN_EXPLICIT:
        tb_buffer_text(out, " --mask ");
        tb_print_shell_word(item->mask_path != NULL ? item->mask_path : "", out);
        print_list("--mask-block", blocks, 2, "x", out);
        break;
    case TB_PATTERN_DENSE:
        break;
    default:
        print_by_table(pattern, item->problem.layout.rank, out);
        break;
    }
}

static void print_tiling(const tb_tiling_request *tiling, tb_buffer *out)
{
    if (tiling->has_kind && tiling->kind != TB_TILING_MULTI_DIM) {
        tb_buffer_printf(out, " --tiling %s", tb_tiling_kind_names[tiling->kind]);
    }
    if (tiling->has_kv_tiling && tiling->kv_tiling != TB_KV_STATIC) {
        tb_buffer_printf(out, " --kv-tiling %s", tb_kv_tiling_names[tiling->kv_tiling]);
    }
    if (tiling->has_kind && tiling->order != TB_ORDER_ROW_MAJOR) {
        tb_buffer_printf(out, " --order %s", tb_token_order_names[tiling->order]);
    }
    if (tiling->q_dims > 0) {
        print_list("--q-tile", tiling->q_tile, tiling->q_dims, "x", out);
    }
    if (tiling->kv_dims > 0) {
        print_list("--kv-tile", tiling->kv_tile, tiling->kv_dims, "x", out);
    }
}

void tb_case_print_options(const tb_case *item, tb_buffer *out)
{
    print_problem(&item->problem, out);
    print_pattern(item, out);
    print_tiling(&item->tiling, out);
}
