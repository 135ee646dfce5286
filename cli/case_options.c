#include "case_options.h"

#include "case_file.h"
#include "pattern_file.h"

#include <stddef.h>
#include <string.h>

static const char *const tiles_choices[] = {"default", "best"};

#define AT(field) offsetof(tb_case_args, field)
#define ANY       INT64_MAX

const tb_option tb_problem_options[TB_PROBLEM_OPTION_COUNT] = {
    {"config", '\0', TB_OPTION_TEXT, "FILE", "read a problem file first; options override it",
     AT(config), 0, 0, NULL, 0},
    {"input-size", 'i', TB_OPTION_LIST, "30x48x80", "token layout, 1 to 4 dimensions",
     AT(input_size), 1, ANY, NULL, 0},
    {"batch", 'b', TB_OPTION_INT, "N", "batch entries (default 1)", AT(batch), 1, ANY, NULL, 0},
    {"heads", 'n', TB_OPTION_INT, "N", "query heads (default 1)", AT(heads), 1, ANY, NULL, 0},
    {"heads-kv", '\0', TB_OPTION_INT, "N", "KV heads, dividing heads (default: as many)",
     AT(heads_kv), 1, ANY, NULL, 0},
    {"dim", 'd', TB_OPTION_INT, "N", "head dim (default 128)", AT(dim), 1, ANY, NULL, 0},
    {"dim-value", '\0', TB_OPTION_INT, "N", "head dim of the values (default: dim)", AT(dim_value),
     1, ANY, NULL, 0},
    {"dtype", '\0', TB_OPTION_CHOICE, NULL, "element type (default bf16)", AT(dtype), 0, 0,
     tb_dtype_names, TB_DTYPE_COUNT},
    {"add-kv", '\0', TB_OPTION_INT, "N", "extra KV tokens, seen by every query", AT(add_kv), 0, ANY,
     NULL, 0},
    {"add-q", '\0', TB_OPTION_INT, "N", "extra queries, which see everything", AT(add_q), 0, ANY,
     NULL, 0},
    {"backprop", '\0', TB_OPTION_FLAG, NULL, "the backward pass", AT(backprop), 0, 0, NULL, 0},
};

const tb_option tb_pattern_options[TB_PATTERN_OPTION_COUNT] = {
    {"window-size", 'w', TB_OPTION_LIST, "18x24x24",
     "window a dimension; -1 = whole axis (default: dense)", AT(window), -1, ANY, NULL, 0},
    {"stride", 's', TB_OPTION_LIST, "16x8x8", "stride a dimension (default 1)", AT(stride), 1, ANY,
     NULL, 0},
    {"dilation", '\0', TB_OPTION_LIST, "1x1x2", "dilation a dimension (default 1)", AT(dilation), 1,
     ANY, NULL, 0},
    {"causal", 'c', TB_OPTION_LIST, "1,0,0", "1 = causal, a dimension (default 0)", AT(causal), 0,
     1, NULL, 0},
    {"local", '\0', TB_OPTION_LIST, "LEFT,RIGHT",
     "sliding window cut off at the ends; -1 = unlimited", AT(local), -1, ANY, NULL, 0},
    {"pattern", '\0', TB_OPTION_TEXT, "KIND,KEY=N,...",
     "a kind of `list patterns`, as sink-local,sink=128,local=4096; A+B: union", AT(pattern), 0, 0,
     NULL, 0},
    {"mask", '\0', TB_OPTION_TEXT, "FILE", "explicit mask, queries x keys (.npy or PBM)", AT(mask),
     0, 0, NULL, 0},
    {"mask-block", '\0', TB_OPTION_LIST, "128x128", "tokens that an entry of the mask stands for",
     AT(mask_block), 1, ANY, NULL, 0},
};

const tb_option tb_tiling_options[TB_TILING_OPTION_COUNT] = {
    {"kernel", '\0', TB_OPTION_TEXT, "NAME", "kernel, by name or YAML file: tiles and mask policy",
     AT(kernel), 0, 0, NULL, 0},
    {"q-tile", '\0', TB_OPTION_LIST, "4x8x8", "query tile (default: the kernel's)", AT(q_tile), 1,
     ANY, NULL, 0},
    {"kv-tile", '\0', TB_OPTION_LIST, "2x8x8", "KV tile (default: the kernel's)", AT(kv_tile), 1,
     ANY, NULL, 0},
    {"tiles", '\0', TB_OPTION_CHOICE, NULL, "the kernel's default or least-work tile shapes",
     AT(tiles), 0, 0, tiles_choices, 2},
    {"tiling", '\0', TB_OPTION_CHOICE, NULL, "boxes of tokens, or runs of their order", AT(tiling),
     0, 0, tb_tiling_kind_names, TB_TILING_KIND_COUNT},
    {"kv-tiling", '\0', TB_OPTION_CHOICE, NULL, "KV tiles on a grid, or from the first key",
     AT(kv_tiling), 0, 0, tb_kv_tiling_names, TB_KV_TILING_COUNT},
    {"order", '\0', TB_OPTION_CHOICE, NULL, "order of tokens for single-dim tiling", AT(order), 0,
     0, tb_token_order_names, TB_TOKEN_ORDER_COUNT},
};

static tb_status apply_problem(const tb_case_args *args, tb_problem *problem, tb_error *err)
{
    if (args->input_size.count > 0) {
        if (problem->layout.rank > 0 && problem->layout.rank != (int)args->input_size.count) {
            return tb_fail(err, TB_EINVAL,
                           "--input-size has %zu %s where the file or network has a layout of %d "
                           "%s; give as many",
                           args->input_size.count,
                           args->input_size.count == 1 ? "entry" : "entries", problem->layout.rank,
                           problem->layout.rank == 1 ? "dimension" : "dimensions");
        }
        problem->layout.rank = (int)args->input_size.count;
        memcpy(problem->layout.extent, args->input_size.values, sizeof problem->layout.extent);
    }
    if (problem->layout.rank == 0 && args->mask == NULL) {
        return tb_fail(err, TB_EINVAL, "no token layout; give --input-size, as -i 30x48x80");
    }
    const struct {
        const tb_arg_int *from;
        int64_t *to;
    } numbers[] = {
        {&args->batch, &problem->batch},   {&args->heads, &problem->heads},
        {&args->dim, &problem->dim},       {&args->add_kv, &problem->extra_kv},
        {&args->add_q, &problem->extra_q},
    };
    /* a KV side that follows its partner by default follows it when only the partner is given */
    problem->heads_kv = args->heads.given ? args->heads.value : problem->heads_kv;
    problem->dim_value = args->dim.given ? args->dim.value : problem->dim_value;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].from->given) {
            *numbers[i].to = numbers[i].from->value;
        }
    }
    if (args->heads_kv.given) {
        problem->heads_kv = args->heads_kv.value;
    }
    if (args->dim_value.given) {
        problem->dim_value = args->dim_value.value;
    }
    if (args->dtype.given) {
        problem->dtype = (tb_dtype)args->dtype.index;
    }
    if (args->backprop) {
        problem->pass = TB_PASS_BACKWARD;
    }
    return TB_OK;
}

/* A list option with one entry a dimension. */
static tb_status apply_dims(const char *option, const tb_arg_list *list, int rank, int64_t *out,
                            tb_error *err)
{
    if (list->count == 0) {
        return TB_OK;
    }
    if ((int)list->count != rank) {
        return tb_fail(err, TB_EINVAL,
                       "--%s has %zu %s for a layout of %d %s; give one a dimension", option,
                       list->count, list->count == 1 ? "entry" : "entries", rank,
                       rank == 1 ? "dimension" : "dimensions");
    }
    for (int d = 0; d < rank; d++) {
        out[d] = list->values[d];
    }
    return TB_OK;
}

static bool has_gna(const tb_case_args *args)
{
    return args->window.count > 0 || args->stride.count > 0 || args->dilation.count > 0 ||
           args->causal.count > 0;
}

bool tb_case_args_have_pattern(const tb_case_args *args)
{
    return has_gna(args) || args->local.count > 0 || args->mask != NULL || args->pattern != NULL;
}

bool tb_case_args_any(const tb_case_args *args)
{
    const bool given[] = {
        args->config != NULL,    args->input_size.count > 0,
        args->batch.given,       args->heads.given,
        args->heads_kv.given,    args->dim.given,
        args->dim_value.given,   args->add_kv.given,
        args->add_q.given,       args->dtype.given,
        args->backprop,          args->mask_block.count > 0,
        args->kernel != NULL,    args->q_tile.count > 0,
        args->kv_tile.count > 0, args->tiles.given,
        args->tiling.given,      args->kv_tiling.given,
        args->order.given,       tb_case_args_have_pattern(args),
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i]) {
            return true;
        }
    }
    return false;
}

/* gna options start from a gna pattern of the config or network, if that is what it has. */
static tb_status apply_gna(const tb_case_args *args, tb_case *item, tb_error *err)
{
    int rank = item->problem.layout.rank;
    tb_pattern *pattern = &item->pattern;
    int64_t causal[TB_MAX_RANK] = {0};
    if (pattern->kind != TB_PATTERN_GNA) {
        tb_case_release(item);
        *pattern = tb_pattern_default();
        pattern->kind = TB_PATTERN_GNA;
    }
    tb_status status = apply_dims("window-size", &args->window, rank, pattern->window, err);
    if (status == TB_OK) {
        status = apply_dims("stride", &args->stride, rank, pattern->stride, err);
    }
    if (status == TB_OK) {
        status = apply_dims("dilation", &args->dilation, rank, pattern->dilation, err);
    }
    if (status == TB_OK) {
        status = apply_dims("causal", &args->causal, rank, causal, err);
    }
    for (int d = 0; args->causal.count > 0 && d < rank; d++) {
        pattern->causal[d] = causal[d] == 1;
    }
    return status;
}

static tb_status apply_local(const tb_case_args *args, tb_case *item, tb_error *err)
{
    if (args->local.count != 2) {
        return tb_fail(err, TB_EINVAL, "--local has %zu %s; it needs two, as --local 1024,0",
                       args->local.count, args->local.count == 1 ? "entry" : "entries");
    }
    tb_case_release(item);
    item->pattern = tb_pattern_default();
    item->pattern.kind = TB_PATTERN_LOCAL;
    item->pattern.left = args->local.values[0];
    item->pattern.right = args->local.values[1];
    return TB_OK;
}

static tb_status apply_mask(const tb_case_args *args, tb_case *item, tb_error *err)
{
    int64_t block_q = 1, block_kv = 1;
    if (args->mask_block.count > 0) {
        if (args->mask_block.count != 2) {
            return tb_fail(
                err, TB_EINVAL, "--mask-block has %zu %s; it needs two, as --mask-block 128x128",
                args->mask_block.count, args->mask_block.count == 1 ? "entry" : "entries");
        }
        block_q = args->mask_block.values[0];
        block_kv = args->mask_block.values[1];
    }
    return tb_case_set_mask(item, args->mask, block_q, block_kv, err);
}

static tb_status apply_pattern(const tb_case_args *args, tb_case *item, tb_error *err)
{
    int kinds =
        has_gna(args) + (args->local.count > 0) + (args->mask != NULL) + (args->pattern != NULL);
    if (kinds > 1) {
        return tb_fail(err, TB_EINVAL,
                       "several patterns; give one of --window-size (with --stride, "
                       "--dilation, --causal), --local, --pattern and --mask");
    }
    if (args->mask_block.count > 0 && args->mask == NULL) {
        return tb_fail(err, TB_EINVAL, "--mask-block without --mask; give the mask too");
    }
    if (args->mask != NULL) {
        return apply_mask(args, item, err);
    }
    if (args->pattern != NULL) {
        return tb_pattern_read_text(args->pattern, item, err);
    }
    if (args->local.count > 0) {
        return apply_local(args, item, err);
    }
    return has_gna(args) ? apply_gna(args, item, err) : TB_OK;
}

static tb_status apply_tiling(const tb_case_args *args, tb_tiling_request *tiling, tb_error *err)
{
    tiling->wants_best = args->tiles.given && args->tiles.index == 1;
    if (args->tiles.given && (args->q_tile.count > 0 || args->kv_tile.count > 0)) {
        return tb_fail(
            err, TB_EINVAL,
            "--tiles beside --q-tile or --kv-tile; give either the shapes or the choice");
    }
    if (args->tiles.given) { /* the choice replaces a config's tiles too */
        tiling->q_dims = 0;
        tiling->kv_dims = 0;
    }
    if (args->tiling.given) {
        tiling->has_kind = true;
        tiling->kind = (tb_tiling_kind)args->tiling.index;
    }
    if (args->kv_tiling.given) {
        tiling->has_kv_tiling = true;
        tiling->kv_tiling = (tb_kv_tiling)args->kv_tiling.index;
    }
    if (args->order.given) {
        tiling->order = (tb_token_order)args->order.index;
    }
    if (args->q_tile.count > 0) {
        tiling->q_dims = (int)args->q_tile.count;
        memcpy(tiling->q_tile, args->q_tile.values, sizeof tiling->q_tile);
    }
    if (args->kv_tile.count > 0) {
        tiling->kv_dims = (int)args->kv_tile.count;
        memcpy(tiling->kv_tile, args->kv_tile.values, sizeof tiling->kv_tile);
    }
    return TB_OK;
}

/* What does not fit together is the file's fault where the file alone does not, or a mask has
 * another size than the layout. */
static tb_status check_fit(const tb_case_args *args, const tb_case *item, const tb_error *conflict,
                           tb_error *err)
{
    tb_error inner = {0};
    tb_status problem = tb_problem_check(&item->problem, &inner);
    tb_status status = problem == TB_OK
                           ? tb_pattern_check(&item->pattern, &item->problem.layout, &inner)
                           : problem;
    if (status == TB_OK) {
        return TB_OK;
    }
    if (conflict->code != TB_OK) {
        return tb_fail_at(err, conflict->code, conflict->file, conflict->line, conflict->column,
                          "%s", conflict->message);
    }
    if (problem == TB_OK && args->mask != NULL) {
        return tb_fail_at(err, TB_EFILE, args->mask, 0, 0, "%s", inner.message);
    }
    return tb_fail(err, status, "%s", inner.message);
}

tb_status tb_case_apply(const tb_case_args *args, tb_case *item, tb_error *err)
{
    tb_status status = TB_OK;
    tb_error conflict = {.code = TB_OK};
    if (args->config != NULL) {
        status = tb_case_read_file(args->config, item, &conflict, err);
    }
    if (status == TB_OK) {
        status = apply_problem(args, &item->problem, err);
    }
    if (status == TB_OK) {
        status = apply_pattern(args, item, err);
    }
    if (status == TB_OK) {
        status = apply_tiling(args, &item->tiling, err);
    }
    if (status == TB_OK) {
        tb_case_normalize(item);
        status = check_fit(args, item, &conflict, err);
    }
    return status;
}
