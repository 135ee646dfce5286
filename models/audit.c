#include "audit.h"

#include "audit_sweep.h"
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const tb_claim_verdict_names[TB_CLAIM_VERDICT_COUNT] = {
    "possible", "needs more than the tiles allow", "not decided by attention cost alone"};

/* Doubles that are equal but for their last digits are equal here. */
#define CLOSE 1e-9

double tb_audit_share(double speedup, double bound)
{
    return bound > 1 ? (1 - 1 / speedup) / (1 - 1 / bound) : HUGE_VAL;
}

tb_claim_verdict tb_audit_verdict(tb_claim_scope scope, double speedup, double bound_max)
{
    if (scope == TB_CLAIM_OTHER || !(speedup > 0)) {
        return TB_CLAIM_NOT_DECIDED;
    }
    if (speedup <= 1) {
        return TB_CLAIM_POSSIBLE;
    }
    bool within = speedup <= bound_max * (1 + CLOSE);
    if (!within) {
        return TB_CLAIM_NEEDS_MORE;
    }
    return scope == TB_CLAIM_KERNEL ? TB_CLAIM_POSSIBLE : TB_CLAIM_NOT_DECIDED;
}

TB_PRINTF(2, 3) static void say(char *out, const char *format, ...)
{
    size_t length = strlen(out);
    va_list values;
    va_start(values, format);
    (void)vsnprintf(out + length, TB_AUDIT_WHY_MAX - length, format, values);
    va_end(values);
}

static void say_factor(char *out, double factor)
{
    say(out, factor < 1000 ? "%.2f x" : "%.4g x", factor);
}

static void say_claimed(char *out, double speedup)
{
    char text[32];
    say(out, "%s x", tb_text_shortest(speedup, text));
}

/* "1.20 to 9.83 x", or the one bound. */
static void say_range(char *out, const tb_audit_range *range)
{
    if (range->bound_max > range->bound_min * (1 + CLOSE)) {
        say(out, range->bound_min < 1000 ? "%.2f to " : "%.4g to ", range->bound_min);
    }
    say_factor(out, range->bound_max);
}

/* Where the largest bound is: of a sweep, the place; else the condition. */
static void say_place(char *out, const tb_audit_range *range)
{
    char grouped[32];
    const char *device = range->best_device;
    bool swept = range->points > 1 && range->bound_max > range->bound_min * (1 + CLOSE);
    say(out, "%s%s tokens, head dim %lld", swept ? "the most at " : "",
        tb_text_grouped(range->best_tokens, grouped), (long long)range->best_dim);
    if (device != NULL) {
        say(out, " on %s", device);
    }
}

/* Parameters that the claim sets, and those that have no source. */
#define ASSUMED_SAID 3

static bool is_set_by(const tb_claim *claim, const char *name)
{
    return claim->set != NULL && tb_yaml_get(claim->set, name) != NULL;
}

static void say_settings(char *out, const tb_claim *claim)
{
    size_t count = claim->set != NULL ? tb_yaml_count(claim->set) : 0;
    for (size_t i = 0; i < count; i++) {
        double value = 0;
        char text[32];
        if (tb_yaml_double(tb_yaml_item(claim->set, i), -HUGE_VAL, HUGE_VAL, &value, NULL) ==
            TB_OK) {
            say(out, "%s%s %s", i == 0 ? ", with " : ", ", tb_yaml_key(claim->set, i),
                tb_text_shortest(value, text));
        }
    }
}

static void say_assumed(char *out, const tb_mechanism *mechanism, const tb_claim *claim)
{
    size_t said = 0, more = 0;
    for (size_t i = 0; mechanism != NULL && i < mechanism->parameter_count; i++) {
        const tb_mechanism_parameter *p = &mechanism->parameters[i];
        char text[32];
        if (!p->is_assumed || p->is_set || is_set_by(claim, p->name)) {
            continue;
        }
        if (said == ASSUMED_SAID) {
            more++;
            continue;
        }
        say(out, "%s%s %s", said == 0 ? ", assuming " : ", ", p->name,
            tb_text_shortest(p->value, text));
        said++;
    }
    if (more > 0) {
        say(out, " and %zu more", more);
    }
}

/* "(the most at 1,048,576 tokens, head dim 128 on b200, with vert_stride 16, assuming sink 128)".
 */
static void say_condition(const tb_mechanism *mechanism, tb_judgement *out)
{
    say(out->why, " (");
    say_place(out->why, &out->range);
    say_settings(out->why, out->claim);
    say_assumed(out->why, mechanism, out->claim);
    say(out->why, ")");
}

/* A claim above the bound may still have been measured. */
static void say_baseline(char *out, const tb_audit_range *range)
{
    say(out, "; it needs a dense baseline that is farther from its roofline");
    if (range->speedup_max > range->bound_max * (1 + CLOSE)) {
        say(out, " (over the device's dense kernel, up to ");
        say_factor(out, range->speedup_max);
        say(out, " is predicted)");
    }
}

static void explain_kernel(const tb_mechanism *mechanism, tb_judgement *out)
{
    const tb_audit_range *range = &out->range;
    double speedup = out->claim->speedup;
    bool everywhere = speedup <= range->bound_min * (1 + CLOSE);
    say_claimed(out->why, speedup);
    if (out->verdict == TB_CLAIM_NEEDS_MORE) {
        say(out->why, " is above the bound of ");
    } else if (everywhere) {
        say(out->why, " is within the bound of ");
    } else {
        say(out->why, " is within the bound in part of what is not stated: ");
    }
    say_range(out->why, range);
    say_condition(mechanism, out);
    if (out->verdict == TB_CLAIM_NEEDS_MORE) {
        say_baseline(out->why, range);
    }
}

static void explain_end_to_end(const tb_mechanism *mechanism, tb_judgement *out)
{
    const tb_audit_range *range = &out->range;
    double speedup = out->claim->speedup;
    if (out->verdict == TB_CLAIM_NOT_DECIDED) {
        say(out->why, "a whole model that is ");
        say_claimed(out->why, speedup);
        say(out->why, " faster needs attention to take at least %.1f %% of its dense time, with ",
            100 * out->share);
    } else if (out->verdict == TB_CLAIM_NEEDS_MORE) {
        say(out->why, "even if attention were all of the time, ");
        say_claimed(out->why, speedup);
        say(out->why, " end to end is above ");
    } else {
        say(out->why, "no speedup of attention is needed, which has ");
    }
    say(out->why, "a bound of ");
    say_range(out->why, range);
    say_condition(mechanism, out);
    say(out->why, "%s", out->verdict == TB_CLAIM_NOT_DECIDED ? "; the share is not stated" : "");
}

/* Nothing to compare: why. */
static void explain_without(const tb_mechanism *mechanism, tb_judgement *out)
{
    const tb_claim *claim = out->claim;
    if (mechanism != NULL && mechanism->exceeds_bound) {
        say(out->why, "the bound does not apply to %s", mechanism->name);
        say(out->why, claim->note != NULL ? ": %s" : "%s", claim->note != NULL ? claim->note : "");
    } else if (claim->note != NULL) {
        say(out->why, "%s: %s", claim->metric, claim->note);
    } else if (strcmp(claim->stat, "qualitative") == 0) {
        say(out->why, "no number is claimed for %s", claim->metric);
    } else if (claim->baseline != NULL && claim->scope != TB_CLAIM_OTHER) {
        say(out->why, "%s is over %s, not over dense attention", claim->metric, claim->baseline);
    } else {
        say(out->why, "%s is not what the time of attention decides", claim->metric);
    }
}

/* Verdict and sentence, from the range. */
static void judge(const tb_mechanism *mechanism, tb_judgement *out)
{
    const tb_claim *claim = out->claim;
    out->verdict = tb_audit_verdict(claim->scope, claim->speedup, out->range.bound_max);
    if (claim->scope == TB_CLAIM_END_TO_END) {
        out->share = claim->speedup > 1 ? tb_audit_share(claim->speedup, out->range.bound_max) : 0;
        explain_end_to_end(mechanism, out);
    } else {
        explain_kernel(mechanism, out);
    }
}

static bool has_bound(const tb_mechanism *mechanism, const tb_claim *claim)
{
    return claim->scope != TB_CLAIM_OTHER && claim->speedup > 0 && !mechanism->exceeds_bound;
}

static tb_judgement unjudged(const tb_claim *claim)
{
    return (tb_judgement){.claim = claim, .share = nan(""), .verdict = TB_CLAIM_NOT_DECIDED};
}

tb_status tb_audit_claim(const tb_mechanism *mechanism, const tb_claim *claim, tb_judgement *out,
                         tb_error *err)
{
    tb_judgement made = unjudged(claim);
    if (!has_bound(mechanism, claim)) {
        explain_without(mechanism, &made);
        *out = made;
        return TB_OK;
    }
    tb_status status = tb_audit_sweep(mechanism, claim, &made.range, err);
    if (status == TB_OK) {
        made.has_bound = true;
        judge(mechanism, &made);
        *out = made;
    }
    return status;
}

/* A claim before this one whose sweep is the same, or NULL. */
static const tb_judgement *same_sweep(const tb_mechanism *mechanism, const tb_judgement *made,
                                      size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (made[i].has_bound && tb_audit_same_sweep(made[i].claim, &mechanism->claims[before])) {
            return &made[i];
        }
    }
    return NULL;
}

tb_status tb_audit_mechanism(const tb_mechanism *mechanism, tb_judgement *out, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < mechanism->claim_count; i++) {
        const tb_claim *claim = &mechanism->claims[i];
        const tb_judgement *same = same_sweep(mechanism, out, i);
        if (same == NULL || !has_bound(mechanism, claim)) {
            status = tb_audit_claim(mechanism, claim, &out[i], err);
            continue;
        }
        out[i] = unjudged(claim);
        out[i].range = same->range;
        out[i].has_bound = true;
        judge(mechanism, &out[i]);
    }
    return status;
}

void tb_audit_prediction(const tb_prediction *prediction, const tb_timing *timing,
                         const char *device, const tb_claim *claim, tb_judgement *out)
{
    const tb_problem *problem = &prediction->problem;
    bool timed = timing != NULL && timing->has_dense;
    double bound = prediction->bound.tile_speedup, speedup = timed ? timing->speedup : nan("");
    int64_t tokens = tb_layout_tokens(&problem->layout);
    *out = unjudged(claim);
    out->has_bound = true;
    out->range = (tb_audit_range){
        .bound_min = bound,
        .bound_max = bound,
        .speedup_min = speedup,
        .speedup_max = speedup,
        .tokens_min = tokens,
        .tokens_max = tokens,
        .dim_min = problem->dim,
        .dim_max = problem->dim,
        .best_tokens = tokens,
        .best_dim = problem->dim,
        .device = device,
        .best_device = device,
        .devices = device != NULL,
        .points = 1,
    };
    judge(NULL, out);
    if (claim->scope == TB_CLAIM_KERNEL && out->verdict == TB_CLAIM_NEEDS_MORE &&
        claim->speedup <= prediction->bound.flop_speedup) {
        say(out->why, "; by FLOPs alone it would be ");
        say_factor(out->why, prediction->bound.flop_speedup);
    }
}

/* "up to 25.3 x", "28 to 46 %"; nothing for what has no number. */
static void value_words(const tb_claim *claim, char *out, size_t size)
{
    static const struct {
        const char *stat, *words;
    } stats[] = {{"up_to", "up to "},
                 {"at_least", "at least "},
                 {"more_than", "more than "},
                 {"average", "on average "},
                 {"approx", "about "}};
    char low[32], high[32];
    const char *words = "", *unit = claim->unit != NULL ? claim->unit : "";
    for (size_t i = 0; i < sizeof stats / sizeof *stats; i++) {
        words = strcmp(claim->stat, stats[i].stat) == 0 ? stats[i].words : words;
    }
    if (!(claim->value <= claim->high)) {
        (void)snprintf(out, size, "qualitative");
    } else if (claim->high > claim->value) {
        (void)snprintf(out, size, "%s to %s %s", tb_text_shortest(claim->value, low),
                       tb_text_shortest(claim->high, high), unit);
    } else {
        (void)snprintf(out, size, "%s%s %s", words, tb_text_shortest(claim->value, low), unit);
    }
}

void tb_audit_words(const tb_claim *claim, char out[static 256])
{
    char value[96];
    value_words(claim, value, sizeof value);
    size_t length = strlen(value);
    if (length > 0 && value[length - 1] == ' ') {
        value[length - 1] = '\0';
    }
    (void)snprintf(out, 256, "%s: %s", claim->metric, value);
}
