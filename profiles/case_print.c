#include "case_print.h"

#include "pattern_file.h"
#include "yaml_print.h"

static void print_problem(const tb_problem *problem, tb_buffer *out)
{
    tb_buffer_text(out, "problem: {layout: ");
    tb_yaml_print_ints(out, problem->layout.extent, (size_t)problem->layout.rank);
    tb_buffer_printf(out, ", batch: %lld, heads: %lld, heads_kv: %lld, dim: %lld, dim_value: %lld",
                     (long long)problem->batch, (long long)problem->heads,
                     (long long)problem->heads_kv, (long long)problem->dim,
                     (long long)problem->dim_value);
    tb_buffer_printf(out, ", dtype: %s, pass: %s", tb_dtype_names[problem->dtype],
                     tb_pass_names[problem->pass]);
    if (problem->extra_kv > 0) {
        tb_buffer_printf(out, ", extra_kv: %lld", (long long)problem->extra_kv);
    }
    if (problem->extra_q > 0) {
        tb_buffer_printf(out, ", extra_q: %lld", (long long)problem->extra_q);
    }
    tb_buffer_text(out, "}\n");
}

static void print_gna(const tb_pattern *pattern, int rank, tb_buffer *out)
{
    const struct {
        const char *key;
        const int64_t *values;
    } lists[] = {
        {"window", pattern->window}, {"stride", pattern->stride}, {"dilation", pattern->dilation}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        tb_buffer_printf(out, ", %s: ", lists[i].key);
        tb_yaml_print_ints(out, lists[i].values, (size_t)rank);
    }
    tb_buffer_text(out, ", causal: [");
    for (int d = 0; d < rank; d++) {
        tb_buffer_printf(out, "%s%s", d > 0 ? ", " : "", pattern->causal[d] ? "true" : "false");
    }
    tb_buffer_text(out, "]");
}

static void print_pattern(const tb_case *item, tb_buffer *out)
{
    const tb_pattern *pattern = &item->pattern;
    if (pattern->kind >= TB_PATTERN_FIELD_KINDS) {
        tb_buffer_text(out, "pattern: ");
        tb_pattern_print_yaml(pattern, item->problem.layout.rank, out);
        tb_buffer_text(out, "\n");
        return;
    }
    tb_buffer_printf(out, "pattern: {kind: %s", tb_pattern_types[pattern->kind]->name);
    switch (pattern->kind) {
    case TB_PATTERN_GNA:
        print_gna(pattern, item->problem.layout.rank, out);
        break;
    case TB_PATTERN_LOCAL:
        tb_buffer_printf(out, ", left: %lld, right: %lld", (long long)pattern->left,
                         (long long)pattern->right);
        break;
    case TB_PATTERN_EXPLICIT:
        tb_buffer_text(out, ", mask: ");
        tb_yaml_print_text(out, item->mask_path != NULL ? item->mask_path : "");
        tb_buffer_printf(out, ", mask_block: [%lld, %lld]", (long long)pattern->mask_block_q,
                         (long long)pattern->mask_block_kv);
        break;
    default:
        break;
    }
    tb_buffer_text(out, "}\n");
}

static void print_tiling(const tb_tiling_request *tiling, const char *indent, tb_buffer *out)
{
    const char *joint = "";
    if (!tiling->has_kind && !tiling->has_kv_tiling && tiling->q_dims == 0 &&
        tiling->kv_dims == 0) {
        return;
    }
    tb_buffer_printf(out, "%stiling: {", indent);
    if (tiling->has_kind) {
        tb_buffer_printf(out, "kind: %s", tb_tiling_kind_names[tiling->kind]);
        joint = ", ";
    }
    if (tiling->has_kv_tiling) {
        tb_buffer_printf(out, "%skv_tiling: %s", joint, tb_kv_tiling_names[tiling->kv_tiling]);
        joint = ", ";
    }
    if (tiling->has_kind && tiling->kind == TB_TILING_SINGLE_DIM) {
        tb_buffer_printf(out, "%sorder: %s", joint, tb_token_order_names[tiling->order]);
        joint = ", ";
    }
    if (tiling->q_dims > 0) {
        tb_buffer_printf(out, "%sq_tile: ", joint);
        tb_yaml_print_ints(out, tiling->q_tile, (size_t)tiling->q_dims);
        joint = ", ";
    }
    if (tiling->kv_dims > 0) {
        tb_buffer_printf(out, "%skv_tile: ", joint);
        tb_yaml_print_ints(out, tiling->kv_tile, (size_t)tiling->kv_dims);
    }
    tb_buffer_text(out, "}\n");
}

void tb_case_print(const tb_case *item, const char *indent, tb_buffer *out)
{
    tb_buffer_text(out, indent);
    print_problem(&item->problem, out);
    tb_buffer_text(out, indent);
    print_pattern(item, out);
    print_tiling(&item->tiling, indent, out);
}
