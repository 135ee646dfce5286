/* Which visited tiles a kernel masks: NATTEN's rule against its own enumeration, dilation group by
 * dilation group, and the policies that need no rule. */
#include "sim_case.h"
#include "test_support.h"

static tb_mask_count count(tb_mask_policy policy, const tb_sim_case *c, const tb_census *census)
{
    tb_mask_count out = {-1, -1};
    tb_error err;
    assert_true(tb_mask_policy_applies(policy, &c->problem, &c->pattern, &c->tiling));
    tb_assert_ok(
        tb_mask_policy_count(policy, &c->problem, &c->pattern, &c->tiling, census, &out, &err),
        &err);
    return out;
}

/* Returns how many of the dilation groups are left unmasked. */
static int64_t check_natten(const tb_sim_case *c, const tb_oracle *oracle)
{
    int64_t unmasked;
    tb_mask_count want = tb_oracle_natten(oracle, &unmasked);
    tb_mask_count masks = count(TB_MASK_NATTEN, c, &oracle->census);
    if (masks.masked != want.masked || masks.bounds_masked != want.bounds_masked) {
        tb_sim_case_print(c);
        fail_msg("masked %lld and %lld at the bounds; enumeration says %lld and %lld",
                 (long long)masks.masked, (long long)masks.bounds_masked, (long long)want.masked,
                 (long long)want.bounds_masked);
    }
    return unmasked;
}

typedef struct outcomes {
    int all, none, some, bounds, differ;
} outcomes;

static void tally(const tb_oracle *oracle, int64_t unmasked, outcomes *out)
{
    int64_t groups;
    tb_mask_count masks = tb_oracle_natten(oracle, &groups);
    out->all += unmasked == oracle->q.groups;
    out->none += unmasked == 0;
    out->some += unmasked > 0 && unmasked < oracle->q.groups;
    out->bounds += masks.bounds_masked > 0;
    out->differ += (masks.masked == 0) != (oracle->census.full == oracle->census.visited);
}

static void natten__equals_its_rule_applied_tile_by_tile(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(8000);
    outcomes seen = {0, 0, 0, 0, 0};
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = tb_sim_case_aligned(random);
        tb_oracle *oracle = tb_oracle_create(&c.problem, &c.pattern, &c.tiling);
        tally(oracle, check_natten(&c, oracle), &seen);
        tb_oracle_destroy(oracle);
        tb_sim_case_free(&c);
    }
    print_message("%d problems: unmasked %d, masked %d, some groups of each %d; %d with bounds "
                  "masks; %d where unmasked is not fully block-sparse or the reverse\n",
                  cases, seen.all, seen.none, seen.some, seen.bounds, seen.differ);
    assert_true(seen.all >= cases / 10 && seen.none >= cases / 10);
    assert_true(seen.some > 0 && seen.bounds > 0 && seen.differ > 0);
    gsl_rng_free(random);
}

/* The rule alone, on lengths for which tiles would take long to enumerate. */
static void natten__qualifies_by_its_rule(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(200000), qualify = 0;
    for (int i = 0; i < cases; i++) {
        int64_t q_tile = tb_test_between(random, 1, 4), kv_tile = tb_test_between(random, 1, 4);
        int64_t stride = tb_test_between(random, 1, 12);
        tb_dim_rule rule = {.kind = TB_DIM_BIDIRECTIONAL, .stride = stride};
        rule.window = stride + tb_test_between(random, 0, 16);
        rule.length = rule.window + tb_test_between(random, 0, 30);
        tb_pattern pattern = tb_pattern_default();
        pattern.kind = TB_PATTERN_GNA;
        pattern.window[0] = rule.window;
        pattern.stride[0] = rule.stride;
        bool want = tb_oracle_natten_qualifies(&pattern, 0, rule.length, q_tile, kv_tile);
        assert_int_equal(tb_mask_natten_qualifies(&rule, q_tile, kv_tile), want);
        qualify += want;
        rule.kind = TB_DIM_CAUSAL;
        assert_false(tb_mask_natten_qualifies(&rule, q_tile, kv_tile));
    }
    print_message("%d axes, %d qualify\n", cases, qualify);
    assert_true(qualify >= cases / 40);
    gsl_rng_free(random);
}

static void check_plain_policies(const tb_sim_case *c)
{
    tb_census census;
    tb_error err;
    if (tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, &err) != TB_OK) {
        return; /* a mask that hides all */
    }
    assert_int_equal(count(TB_MASK_PARTIAL_ONLY, c, &census).masked, census.visited - census.full);
    assert_int_equal(count(TB_MASK_ALWAYS, c, &census).masked, census.visited);
    assert_int_equal(count(TB_MASK_NEVER, c, &census).masked, 0);
    assert_int_equal(count(TB_MASK_PARTIAL_ONLY, c, &census).bounds_masked, 0);
    assert_int_equal(count(TB_MASK_ALWAYS, c, &census).bounds_masked, 0);
}

/* natten: gna, sliding-tile, dense and rank-1 causal patterns in multi-dim tiles. */
static void check_where_natten_applies(const tb_sim_case *c)
{
    bool is_known = c->pattern.kind == TB_PATTERN_GNA || c->pattern.kind == TB_PATTERN_DENSE ||
                    c->pattern.kind == TB_PATTERN_SLIDING_TILE ||
                    (c->pattern.kind == TB_PATTERN_CAUSAL && c->problem.layout.rank == 1);
    bool want = is_known && c->tiling.kind == TB_TILING_MULTI_DIM;
    assert_int_equal(tb_mask_policy_applies(TB_MASK_NATTEN, &c->problem, &c->pattern, &c->tiling),
                     want);
    tb_census census;
    tb_mask_count out;
    tb_error err;
    if (!want &&
        tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, &err) == TB_OK) {
        tb_assert_fails(tb_mask_policy_count(TB_MASK_NATTEN, &c->problem, &c->pattern, &c->tiling,
                                             &census, &out, &err),
                        &err, TB_EINVAL, "");
    }
}

static void other_policies__follow_the_census(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(3000);
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = i % 2 == 0 ? tb_sim_case_product(random) : tb_sim_case_rows(random);
        check_plain_policies(&c);
        check_where_natten_applies(&c);
        tb_sim_case_free(&c);
    }
    print_message("%d problems\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(natten__equals_its_rule_applied_tile_by_tile),
         cmocka_unit_test(natten__qualifies_by_its_rule),
         cmocka_unit_test(other_policies__follow_the_census));
