/* Verdicts over claims, on a mechanism whose bound is worked out by hand.
 *
 * Blocked windows of 2048 tokens (stride 2048): of N tokens a query sees 2048, in tiles that divide
 * them, so every unit does 2048 / N of dense attention's work and the bound is N / 2048 on any
 * device: 2 at 4096 tokens, 512 at 1048576. */
#include "audit.h"
#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <string.h>

static const char file[] =
    "schema: tilebound/mechanism/1\n"
    "name: blocked\n"
    "title: Blocked windows\n"
    "summary: windows of 2048 tokens\n"
    "family: test\n"
    "phase: prefill\n"
    "baseline: self\n"
    "problem: {heads: 8, dim: 128, dtype: bf16}\n"
    "parameters:\n"
    "  w: {value: 2048, from: 'assumed: for the test'}\n"
    "stages:\n"
    "  - name: attention\n"
    "    kind: attention\n"
    "    pattern: {kind: gna, window: [w], stride: [w]}\n"
    "claims:\n"
    /* 1 to 3: 32768 tokens, a bound of 16 */
    "  - {metric: a, value: 16, unit: x, stat: exact, from: test, scope: kernel, speedup: 16,"
    " tokens: 32768, device_name: h100-sxm, dim: 128}\n"
    "  - {metric: b, value: 16.1, unit: x, stat: exact, from: test, scope: kernel, speedup: 16.1,"
    " tokens: 32768, device_name: h100-sxm, dim: 128}\n"
    "  - {metric: c, value: 8, unit: x, stat: exact, from: test, scope: end-to-end, speedup: 8,"
    " tokens: 32768, device_name: h100-sxm, dim: 128}\n"
    /* 4 to 6: nothing is stated, 2 to 512 */
    "  - {metric: d, value: 300, unit: x, stat: up_to, from: test, scope: kernel, speedup: 300}\n"
    "  - {metric: e, value: 513, unit: x, stat: up_to, from: test, scope: kernel, speedup: 513}\n"
    "  - {metric: f, value: 513, unit: x, stat: up_to, from: test, scope: end-to-end,"
    " speedup: 513}\n"
    /* 7: with windows of 4096 the bound at 32768 tokens is 8 */
    "  - {metric: g, value: 9, unit: x, stat: exact, from: test, scope: kernel, speedup: 9,"
    " tokens: 32768, device_name: h100-sxm, set: {w: 4096}}\n"
    /* 8 to 11: nothing to compare */
    "  - {metric: memory, value: 70, unit: '%', stat: exact, from: test, scope: other,"
    " speedup: 3}\n"
    "  - {metric: speed, stat: qualitative, from: test, scope: kernel}\n"
    "  - {metric: latency, value: [28, 46], unit: us, stat: range, baseline: another kernel,"
    " from: test, scope: kernel}\n"
    "  - {metric: rate, value: 2, unit: x, stat: approx, from: test, scope: kernel,"
    " note: a rate alone}\n"
    /* 12: slower */
    "  - {metric: h, value: 0.9, unit: x, stat: average, from: test, scope: end-to-end,"
    " speedup: 0.9, tokens: 32768}\n";

#define CLAIMS 12

static tb_mechanism *load(const char *path)
{
    tb_error err;
    tb_mechanism *mechanism = NULL;
    tb_assert_ok(tb_mechanism_load(path, &mechanism, &err), &err);
    return mechanism;
}

static tb_mechanism *blocked(void)
{
    return load(tb_test_file("blocked.yaml", file, sizeof file - 1));
}

static tb_judgement judged(const tb_mechanism *mechanism, size_t number)
{
    tb_error err;
    tb_judgement j;
    tb_assert_ok(tb_audit_claim(mechanism, &mechanism->claims[number - 1], &j, &err), &err);
    return j;
}

static void assert_says(const tb_judgement *j, const char *part)
{
    if (strstr(j->why, part) == NULL) {
        fail_msg("'%s' does not say '%s'", j->why, part);
    }
}

static void share__is_amdahls_law_solved_for_it(void **state)
{
    (void)state;
    tb_assert_close(tb_audit_share(2, 4), 0.5 / 0.75, 1e-12);
    tb_assert_close(tb_audit_share(4, 4), 1, 1e-12);
    tb_assert_close(tb_audit_share(5, 4), 0.8 / 0.75, 1e-12);
    assert_true(isinf(tb_audit_share(1.5, 1)));
    assert_true(isinf(tb_audit_share(1.5, 0.5)));
    /* back: a share of 0.6 sped up 3 times gives 1 / (0.4 + 0.2) */
    tb_assert_close(tb_audit_share(1 / (0.4 + 0.2), 3), 0.6, 1e-12);
}

static void verdict__is_by_scope_and_bound(void **state)
{
    (void)state;
    assert_int_equal(tb_audit_verdict(TB_CLAIM_KERNEL, 4, 4), TB_CLAIM_POSSIBLE);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_KERNEL, 4.001, 4), TB_CLAIM_NEEDS_MORE);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_END_TO_END, 4, 4), TB_CLAIM_NOT_DECIDED);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_END_TO_END, 4.001, 4), TB_CLAIM_NEEDS_MORE);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_END_TO_END, 1, 0.5), TB_CLAIM_POSSIBLE);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_KERNEL, 1.5, 0.5), TB_CLAIM_NEEDS_MORE);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_OTHER, 2, 4), TB_CLAIM_NOT_DECIDED);
    assert_int_equal(tb_audit_verdict(TB_CLAIM_KERNEL, nan(""), 4), TB_CLAIM_NOT_DECIDED);
}

static void stated_condition__is_one_place(void **state)
{
    (void)state;
    tb_mechanism *mechanism = blocked();
    tb_judgement within = judged(mechanism, 1), above = judged(mechanism, 2);
    assert_int_equal(within.range.points, 1);
    tb_assert_close(within.range.bound_min, 16, 1e-9);
    tb_assert_close(within.range.bound_max, 16, 1e-9);
    assert_int_equal(within.verdict, TB_CLAIM_POSSIBLE);
    assert_string_equal(within.why, "16 x is within the bound of 16.00 x (32,768 tokens, head dim "
                                    "128 on h100-sxm, assuming w 2048)");
    assert_int_equal(above.verdict, TB_CLAIM_NEEDS_MORE);
    assert_says(&above, "16.1 x is above the bound of 16.00 x");
    assert_true(within.range.has_assumed);
    tb_mechanism_destroy(mechanism);
}

/* (1 - 1/8) / (1 - 1/16) = 0.875 / 0.9375 = 93.3 % */
static void whole_model__needs_a_share(void **state)
{
    (void)state;
    tb_mechanism *mechanism = blocked();
    tb_judgement j = judged(mechanism, 3), more = judged(mechanism, 6),
                 slower = judged(mechanism, 12);
    assert_int_equal(j.verdict, TB_CLAIM_NOT_DECIDED);
    tb_assert_close(j.share, 0.875 / 0.9375, 1e-9);
    assert_says(&j, "at least 93.3 % of its dense time");
    assert_int_equal(more.verdict, TB_CLAIM_NEEDS_MORE);
    assert_true(more.share > 1);
    assert_says(&more, "even if attention were all of the time, 513 x");
    assert_int_equal(slower.verdict, TB_CLAIM_POSSIBLE);
    tb_mechanism_destroy(mechanism);
}

static void unstated_condition__is_swept(void **state)
{
    (void)state;
    tb_mechanism *mechanism = blocked();
    tb_judgement within = judged(mechanism, 4), above = judged(mechanism, 5);
    assert_int_equal(within.range.points, TB_AUDIT_LENGTHS * TB_AUDIT_DIMS * TB_AUDIT_DEVICES);
    assert_int_equal(within.range.skipped, 0);
    tb_assert_close(within.range.bound_min, 2, 1e-9);
    tb_assert_close(within.range.bound_max, 512, 1e-9);
    assert_int_equal(within.range.tokens_min, 4096);
    assert_int_equal(within.range.tokens_max, 1048576);
    assert_int_equal(within.range.dim_min, 64);
    assert_int_equal(within.range.dim_max, 128);
    assert_int_equal(within.range.best_tokens, 1048576);
    assert_null(within.range.device);
    assert_int_equal(within.verdict, TB_CLAIM_POSSIBLE);
    assert_says(&within,
                "300 x is within the bound in part of what is not stated: 2.00 to 512.00 x");
    assert_int_equal(above.verdict, TB_CLAIM_NEEDS_MORE);
    tb_mechanism_destroy(mechanism);
}

static void settings__are_of_their_claim_alone(void **state)
{
    (void)state;
    tb_mechanism *mechanism = blocked();
    tb_judgement j = judged(mechanism, 7);
    tb_assert_close(j.range.bound_max, 8, 1e-9);
    assert_int_equal(j.verdict, TB_CLAIM_NEEDS_MORE);
    assert_says(&j, "with w 4096");
    assert_false(j.range.has_assumed);
    assert_true(mechanism->parameters[0].value == 2048);
    assert_false(mechanism->parameters[0].is_set);
    tb_mechanism_destroy(mechanism);
}

static void other_claims__are_not_decided_and_say_why(void **state)
{
    (void)state;
    static const struct {
        size_t number;
        const char *why;
    } claims[] = {{8, "memory is not what the time of attention decides"},
                  {9, "no number is claimed for speed"},
                  {10, "latency is over another kernel, not over dense attention"},
                  {11, "rate: a rate alone"}};
    tb_mechanism *mechanism = blocked();
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        tb_judgement j = judged(mechanism, claims[i].number);
        assert_int_equal(j.verdict, TB_CLAIM_NOT_DECIDED);
        assert_false(j.has_bound);
        assert_string_equal(j.why, claims[i].why);
    }
    tb_mechanism_destroy(mechanism);
}

static void exceeds_bound__leaves_claims_undecided(void **state)
{
    (void)state;
    tb_mechanism *mechanism = load(tb_test_variant("blocked.yaml", file, "family: test\n",
                                                   "family: test\nexceeds_bound: true\n"));
    tb_judgement j = judged(mechanism, 2);
    assert_int_equal(j.verdict, TB_CLAIM_NOT_DECIDED);
    assert_false(j.has_bound);
    assert_says(&j, "the bound does not apply to blocked");
    tb_mechanism_destroy(mechanism);
}

/* All claims at once share sweeps, and are what each is by itself. */
static void mechanism__is_judged_as_its_claims_are(void **state)
{
    (void)state;
    tb_error err;
    tb_judgement all[CLAIMS];
    tb_mechanism *mechanism = blocked();
    assert_int_equal(mechanism->claim_count, CLAIMS);
    tb_assert_ok(tb_audit_mechanism(mechanism, all, &err), &err);
    for (size_t i = 0; i < CLAIMS; i++) {
        tb_judgement one = judged(mechanism, i + 1);
        assert_int_equal(all[i].verdict, one.verdict);
        assert_string_equal(all[i].why, one.why);
        assert_true(all[i].has_bound == one.has_bound);
        assert_true(all[i].range.bound_max == one.range.bound_max);
    }
    tb_mechanism_destroy(mechanism);
}

/* An A100 has no FP8 rate: its places are left out; a claim about it alone has none. */
static void device_that_lacks_a_rate__is_left_out(void **state)
{
    (void)state;
    tb_error err;
    tb_judgement j;
    tb_mechanism *mechanism = load(
        tb_test_variant("blocked.yaml", file, "stride: [w]}\n", "stride: [w]}\n    rate: fp8\n"));
    j = judged(mechanism, 4);
    assert_int_equal(j.range.points, TB_AUDIT_LENGTHS * TB_AUDIT_DIMS * TB_AUDIT_DEVICES);
    assert_int_equal(j.range.skipped, TB_AUDIT_LENGTHS * TB_AUDIT_DIMS);
    tb_claim claim = mechanism->claims[3];
    claim.device_name = "a100-80";
    tb_assert_fails(tb_audit_claim(mechanism, &claim, &j, &err), &err, TB_EINVAL, "fp8");
    claim.device_name = "a1000";
    tb_assert_fails(tb_audit_claim(mechanism, &claim, &j, &err), &err, TB_EINVAL, "a1000");
    tb_mechanism_destroy(mechanism);
}

/* HunyuanVideo: 405000 / 82368 = 4.917 by tiles, 11.11 by FLOPs. */
static void claim_about_a_problem__is_held_against_its_tiles(void **state)
{
    (void)state;
    tb_error err;
    tb_prediction p;
    tb_judgement j;
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 24);
    tb_test_tiles(&item, "4x8x8", "2x8x8");
    tb_assert_ok(tb_predict(&item, NULL, &p, &err), &err);
    tb_claim claim = {.metric = "speedup", .stat = "exact", .unit = "x", .scope = TB_CLAIM_KERNEL};
    claim.speedup = claim.value = claim.high = 4.9;
    tb_audit_prediction(&p, NULL, NULL, &claim, &j);
    assert_int_equal(j.verdict, TB_CLAIM_POSSIBLE);
    tb_assert_close(j.range.bound_max, 405000.0 / 82368, 1e-12);
    assert_string_equal(j.why,
                        "4.9 x is within the bound of 4.92 x (115,200 tokens, head dim 128)");
    claim.speedup = 6.5;
    tb_audit_prediction(&p, NULL, NULL, &claim, &j);
    assert_int_equal(j.verdict, TB_CLAIM_NEEDS_MORE);
    assert_says(&j, "by FLOPs alone it would be 11.11 x");
    claim.speedup = 12;
    tb_audit_prediction(&p, NULL, NULL, &claim, &j);
    assert_int_equal(j.verdict, TB_CLAIM_NEEDS_MORE);
    assert_null(strstr(j.why, "FLOPs"));
    claim.scope = TB_CLAIM_END_TO_END;
    claim.speedup = 2;
    tb_audit_prediction(&p, NULL, NULL, &claim, &j);
    assert_int_equal(j.verdict, TB_CLAIM_NOT_DECIDED);
    tb_assert_close(j.share, 0.5 / (1 - 82368.0 / 405000), 1e-12);
    tb_prediction_release(&p);
    tb_case_release(&item);
}

static void words__say_the_claim(void **state)
{
    (void)state;
    static const char *const want[CLAIMS] = {"a: 16 x",
                                             "b: 16.1 x",
                                             "c: 8 x",
                                             "d: up to 300 x",
                                             "e: up to 513 x",
                                             "f: up to 513 x",
                                             "g: 9 x",
                                             "memory: 70 %",
                                             "speed: qualitative",
                                             "latency: 28 to 46 us",
                                             "rate: about 2 x",
                                             "h: on average 0.9 x"};
    tb_mechanism *mechanism = blocked();
    for (size_t i = 0; i < CLAIMS; i++) {
        char words[256];
        tb_audit_words(&mechanism->claims[i], words);
        assert_string_equal(words, want[i]);
    }
    tb_mechanism_destroy(mechanism);
}

TB_TESTS(cmocka_unit_test(share__is_amdahls_law_solved_for_it),
         cmocka_unit_test(verdict__is_by_scope_and_bound),
         cmocka_unit_test(stated_condition__is_one_place),
         cmocka_unit_test(whole_model__needs_a_share),
         cmocka_unit_test(unstated_condition__is_swept),
         cmocka_unit_test(settings__are_of_their_claim_alone),
         cmocka_unit_test(other_claims__are_not_decided_and_say_why),
         cmocka_unit_test(exceeds_bound__leaves_claims_undecided),
         cmocka_unit_test(mechanism__is_judged_as_its_claims_are),
         cmocka_unit_test(device_that_lacks_a_rate__is_left_out),
         cmocka_unit_test(claim_about_a_problem__is_held_against_its_tiles),
         cmocka_unit_test(words__say_the_claim));
