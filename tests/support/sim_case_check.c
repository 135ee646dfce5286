/* A random problem counted by sim and by enumeration. */
#include "sim_case.h"

#include "test_support.h"

static void print_sizes(const char *what, const int64_t *sizes, int count)
{
    print_error(" %s", what);
    for (int d = 0; d < count; d++) {
        print_error("%s%lld", d == 0 ? " " : "x", (long long)sizes[d]);
    }
}

static void print_pattern(const tb_pattern *p, int rank);

static void print_values(const tb_pattern *p, int rank)
{
    const tb_pattern_type *type = tb_pattern_types[p->kind];
    for (int i = 0; i < type->parameter_count; i++) {
        const tb_parameter_value *value = &p->value[i];
        print_error(" %s", type->parameters[i].name);
        if (value->count > 0) {
            print_sizes("", value->list, (int)value->count);
        } else if (type->parameters[i].kind == TB_PARAMETER_REAL) {
            print_error(" %g", tb_pattern_real(p, type->parameters[i].name));
        } else {
            print_error(" %lld", (long long)tb_pattern_integer(p, type->parameters[i].name));
        }
    }
    for (int i = 0; i < p->parts; i++) {
        print_error(" [");
        print_pattern(p->part[i], rank);
        print_error("]");
    }
}

static void print_pattern(const tb_pattern *p, int rank)
{
    print_error("%s", tb_pattern_types[p->kind]->name);
    if (p->kind == TB_PATTERN_GNA) {
        print_sizes("-w", p->window, rank);
        print_sizes("-s", p->stride, rank);
        print_sizes("--dilation", p->dilation, rank);
        print_error(" -c");
        for (int d = 0; d < rank; d++) {
            print_error("%s%d", d == 0 ? " " : ",", p->causal[d]);
        }
    } else if (p->kind == TB_PATTERN_LOCAL) {
        print_error(" --local %lld,%lld", (long long)p->left, (long long)p->right);
    } else if (p->kind == TB_PATTERN_EXPLICIT) {
        print_error(" --mask-block %lldx%lld", (long long)p->mask_block_q,
                    (long long)p->mask_block_kv);
    } else {
        print_values(p, rank);
    }
}

void tb_sim_case_print(const tb_sim_case *problem)
{
    const tb_problem *p = &problem->problem;
    const tb_tiling *t = &problem->tiling;
    int dims = t->kind == TB_TILING_MULTI_DIM ? p->layout.rank : 1;
    print_pattern(&problem->pattern, p->layout.rank);
    print_sizes("-i", p->layout.extent, p->layout.rank);
    print_sizes("--q-tile", t->q_tile, dims);
    print_sizes("--kv-tile", t->kv_tile, dims);
    print_error(" --tiling %s --kv-tiling %s (%s) --add-kv %lld --add-q %lld, %s\n",
                tb_tiling_kind_names[t->kind], tb_kv_tiling_names[t->kv_tiling],
                tb_token_order_names[t->order], (long long)p->extra_kv, (long long)p->extra_q,
                tb_pass_names[p->pass]);
    for (int64_t r = 0; problem->mask != NULL && r < problem->mask->rows; r++) {
        for (int64_t c = 0; c < problem->mask->cols; c++) {
            print_error("%d", tb_bits_get(tb_bit_matrix_row(problem->mask, r), c));
        }
        print_error("\n");
    }
}

static int differ(const char *name, int64_t value, int64_t want)
{
    if (value == want) {
        return 0;
    }
    print_error("  %s is %lld; enumeration says %lld\n", name, (long long)value, (long long)want);
    return 1;
}

void tb_sim_case_assert_census(const tb_sim_case *problem, const tb_census *census,
                               const tb_census *want)
{
    int different = 0;
#define COMPARE(field) different += differ(#field, census->field, want->field)
    COMPARE(q_tiles);
    COMPARE(launched_q_tiles);
    COMPARE(kv_tiles);
    COMPARE(visited);
    COMPARE(full);
    COMPARE(visible_pairs);
    COMPARE(dense_pairs);
    COMPARE(real_pairs);
    COMPARE(min);
    COMPARE(max);
    COMPARE(kv_min);
    COMPARE(kv_max);
#undef COMPARE
    if (different != 0) {
        tb_sim_case_print(problem);
        fail_msg("%d fields of the census differ", different);
    }
}

/* Bins are the counted values that occur, ascending. */
static void check_histogram(const tb_sim_case *problem, const tb_histogram *histogram,
                            const tb_oracle *oracle)
{
    if (histogram->is_cut) {
        return;
    }
    size_t bin = 0;
    int different = 0;
    for (int64_t v = 0; v <= oracle->kv.count; v++) {
        if (oracle->histogram[v] == 0) {
            continue;
        }
        bool is_there = bin < histogram->count && histogram->bins[bin].value == v;
        different +=
            differ("a bin", is_there ? histogram->bins[bin].times : 0, oracle->histogram[v]);
        bin += is_there;
    }
    if (different != 0 || bin != histogram->count) {
        tb_sim_case_print(problem);
        fail_msg("the histogram differs: %zu bins", histogram->count);
    }
}

static void check_bound(const tb_sim_case *c, const tb_census *census, const tb_oracle *oracle,
                        tb_baseline baseline)
{
    tb_bound bound, want = tb_oracle_bound(oracle, baseline);
    tb_error err;
    tb_assert_ok(
        tb_bound_compute(&c->problem, &c->pattern, &c->tiling, census, baseline, &bound, &err),
        &err);
    int different = differ("baseline", bound.baseline, want.baseline) +
                    differ("baseline tiles", bound.baseline_tiles, want.baseline_tiles) +
                    differ("baseline pairs", bound.baseline_pairs, want.baseline_pairs) +
                    differ("fully block-sparse", bound.fully_block_sparse, want.fully_block_sparse);
    if (different != 0) {
        tb_sim_case_print(c);
        fail_msg("the bound differs");
    }
    tb_assert_close(bound.flop_speedup, want.flop_speedup, 1e-12);
    tb_assert_close(bound.tile_speedup, want.tile_speedup, 1e-12);
    tb_assert_close(bound.tile_speedup_worst, want.tile_speedup_worst, 1e-12);
    /* Differences from 1: what is left after the digits cancel is close in absolute terms. */
    tb_assert_close(1.0 + bound.sparsity, 1.0 + want.sparsity, 1e-12);
    tb_assert_close(1.0 + bound.padding_waste, 1.0 + want.padding_waste, 1e-12);
    tb_assert_close(1.0 + bound.mask_waste, 1.0 + want.mask_waste, 1e-12);
    tb_assert_close(1.0 + bound.waste, 1.0 + want.waste, 1e-12);
}

/* May causal attention be the baseline? Rank 1, and no query sees a later key. */
static bool has_causal_baseline(const tb_oracle *oracle)
{
    if (oracle->problem.layout.rank != 1) {
        return false;
    }
    for (int64_t q = 0; q < oracle->tokens; q++) {
        for (int64_t k = q + 1; k < oracle->tokens; k++) {
            if (oracle->sees[q * oracle->keys + k]) {
                return false;
            }
        }
    }
    return true;
}

static void check_bounds(const tb_sim_case *c, const tb_census *census, const tb_oracle *oracle)
{
    check_bound(c, census, oracle, TB_BASELINE_SELF);
    if (has_causal_baseline(oracle)) {
        check_bound(c, census, oracle, TB_BASELINE_CAUSAL);
        return;
    }
    tb_bound bound;
    tb_error err;
    tb_assert_fails(tb_bound_compute(&c->problem, &c->pattern, &c->tiling, census,
                                     TB_BASELINE_CAUSAL, &bound, &err),
                    &err, TB_EINVAL, "");
}

/* Pairs of tiles that are not visited. */
static void check_empty(const tb_census *census, const tb_oracle *oracle)
{
    int64_t empty;
    assert_true(tb_census_empty(census, &empty));
    assert_int_equal(empty, oracle->q.count * oracle->kv.count - oracle->census.visited);
}

static bool check_counted(const tb_sim_case *c, const tb_oracle *oracle)
{
    tb_histogram histogram = {0};
    tb_census census = {0};
    tb_error err;
    tb_status status =
        tb_census_count(&c->problem, &c->pattern, &c->tiling, &histogram, &census, &err);
    if (status != TB_OK) {
        tb_sim_case_print(c);
    }
    tb_assert_ok(status, &err);
    tb_sim_case_assert_census(c, &census, &oracle->census);
    check_empty(&census, oracle);
    check_histogram(c, &histogram, oracle);
    check_bounds(c, &census, oracle);
    tb_histogram_free(&histogram);
    return census.closed_form;
}

/* A mask that hides every pair of the layout's tokens is refused, extra tokens or not. */
static bool is_hidden(const tb_oracle *oracle)
{
    for (int64_t q = 0; q < oracle->tokens; q++) {
        for (int64_t k = 0; k < oracle->tokens; k++) {
            if (oracle->sees[q * oracle->keys + k]) {
                return false;
            }
        }
    }
    return true;
}

bool tb_sim_case_check(const tb_sim_case *c)
{
    tb_oracle *oracle = tb_oracle_create(&c->problem, &c->pattern, &c->tiling);
    bool is_closed = false;
    if (!is_hidden(oracle)) {
        is_closed = check_counted(c, oracle);
    } else {
        tb_census census;
        tb_error err;
        tb_assert_fails(tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, &err),
                        &err, TB_EINVAL, "hides every pair");
    }
    tb_oracle_destroy(oracle);
    return is_closed;
}
