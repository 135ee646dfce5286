/* The kinds from sink-local on: runs of queries see what their rows say, more of a parameter never
 * gives fewer tiles, and parameters that hide nothing are dense or causal attention. (That rows are
 * what the predicates say, and censuses what enumeration says, test_pattern_rows and
 * test_census_by_rows hold, which draw these kinds too.) */
#include "sim_case.h"
#include "test_support.h"

#include <stdlib.h>
#include <time.h>

static tb_sim_case draw_case(gsl_rng *random)
{
    tb_sim_case c;
    tb_error err;
    for (;;) {
        c = (tb_sim_case){.problem = tb_problem_default()};
        int rank = (int)tb_test_between(random, 1, 3);
        c.problem.layout = tb_sim_case_layout(random, rank, 240);
        tb_sim_case_any_kind(random, &c);
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) {
            return c;
        }
        tb_sim_case_free(&c); /* an intersection that hides all */
    }
}

static void check_list(const tb_sim_case *c, const char *name, const tb_span *list, size_t count,
                       int64_t first, int64_t queries, int64_t needed)
{
    int64_t tokens = tb_layout_tokens(&c->problem.layout);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(list[i].begin < list[i].end && list[i].end <= tokens);
        assert_true(i == 0 ? list[i].begin >= 0 : list[i].begin > list[i - 1].end);
    }
    for (int64_t key = 0; key < tokens; key++) {
        int64_t seeing = 0;
        for (int64_t q = first; q < first + queries; q++) {
            seeing += tb_oracle_sees(&c->problem, &c->pattern, q, key);
        }
        at += at < count && list[at].end <= key;
        bool is_listed = at < count && list[at].begin <= key;
        if (is_listed != (seeing >= needed)) {
            tb_sim_case_print(c);
            fail_msg("%lld of queries %lld to %lld see key %lld, which %s %s", (long long)seeing,
                     (long long)first, (long long)(first + queries - 1), (long long)key,
                     is_listed ? "is in" : "is missing in", name);
        }
    }
}

static void spans__are_what_a_run_of_queries_sees(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(3000), kinds[TB_PATTERN_COUNT] = {0};
    tb_spans spans = {0}; /* one for all: it is emptied */
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw_case(random);
        int64_t tokens = tb_layout_tokens(&c.problem.layout);
        for (int run = 0; run < 3; run++) {
            int64_t first = tb_test_between(random, 0, tokens - 1);
            int64_t most = tokens - first < 30 ? tokens - first : 30;
            int64_t count = tb_test_between(random, 1, most), pairs = 0;
            tb_error err;
            tb_assert_ok(
                tb_pattern_spans(&c.pattern, &c.problem.layout, first, count, &spans, &err), &err);
            check_list(&c, "any", spans.any, spans.any_count, first, count, 1);
            check_list(&c, "all", spans.all, spans.all_count, first, count, count);
            for (int64_t pair = 0; pair < count * tokens; pair++) {
                pairs +=
                    tb_oracle_sees(&c.problem, &c.pattern, first + pair / tokens, pair % tokens);
            }
            assert_int_equal(spans.pairs, pairs);
        }
        kinds[c.pattern.kind]++;
        tb_sim_case_free(&c);
    }
    tb_spans_free(&spans);
    for (int kind = TB_PATTERN_FIELD_KINDS; kind < TB_PATTERN_COUNT; kind++) {
        if (tb_pattern_types[kind] != NULL && !tb_pattern_types[kind]->is_random) {
            print_message("%d %s, ", kinds[kind], tb_pattern_name((tb_pattern_kind)kind));
            assert_true(kinds[kind] > 0);
        }
    }
    print_message("%d problems in all\n", cases);
    gsl_rng_free(random);
}

static void draw_tiling(gsl_rng *random, tb_sim_case *c)
{
    c->tiling = (tb_tiling){.kind = tb_test_between(random, 0, 1) == 0 ? TB_TILING_MULTI_DIM
                                                                       : TB_TILING_SINGLE_DIM};
    for (int d = 0; d < c->problem.layout.rank; d++) {
        c->tiling.q_tile[d] = tb_test_between(random, 1, 9);
        c->tiling.kv_tile[d] = tb_test_between(random, 1, 9);
    }
}

static tb_census count(const tb_sim_case *c, const tb_pattern *pattern)
{
    tb_census census;
    tb_error err;
    tb_status status = tb_census_count(&c->problem, pattern, &c->tiling, NULL, &census, &err);
    if (status != TB_OK) {
        tb_sim_case_print(c);
    }
    tb_assert_ok(status, &err);
    return census;
}

static tb_parameter_value *value_of(tb_pattern *pattern, const char *name)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert_true(index >= 0);
    return &pattern->value[index];
}

static void set(tb_pattern *pattern, const char *name, int64_t value)
{
    *value_of(pattern, name) = (tb_parameter_value){.given = true, .integer = value};
}

/* Parameters of which more shows more. */
static const struct {
    tb_pattern_kind kind;
    const char *name;
} growing[] = {
    {TB_PATTERN_SINK_LOCAL, "sink"},     {TB_PATTERN_SINK_LOCAL, "local"},
    {TB_PATTERN_STRIDED, "window"},      {TB_PATTERN_GLOBAL_LOCAL, "global"},
    {TB_PATTERN_GLOBAL_LOCAL, "window"}, {TB_PATTERN_SHARDED, "local_blocks"},
    {TB_PATTERN_PREFIX, "prefix"},
};

/* A pattern that shows what `pattern` shows and more, or as much; `room` holds a list of it. */
static tb_pattern more_of(gsl_rng *random, const tb_sim_case *c, int64_t *room)
{
    tb_pattern more = c->pattern;
    const char *names[2];
    int count = 0;
    for (size_t i = 0; i < sizeof growing / sizeof *growing; i++) {
        if (growing[i].kind == more.kind) {
            names[count++] = growing[i].name;
        }
    }
    if (count > 0) {
        const char *name = names[tb_test_between(random, 0, count - 1)];
        int64_t value = tb_pattern_integer(&more, name);
        set(&more, name, value + tb_test_between(random, 1, 40));
    }
    switch (more.kind) {
    case TB_PATTERN_STRIDED: /* its stride's divisors have columns there too */
        set(&more, "stride", 1);
        break;
    case TB_PATTERN_FIXED:
        set(&more, "summary",
            tb_test_between(random, tb_pattern_integer(&more, "summary"),
                            tb_pattern_integer(&more, "segment")));
        break;
    case TB_PATTERN_DOCUMENT:
        set(&more, "causal", 0);
        break;
    case TB_PATTERN_AXIAL:
        *value_of(&more, "axes") = (tb_parameter_value){0}; /* all */
        break;
    case TB_PATTERN_SLIDING_TILE: {
        const tb_parameter_value *window = value_of(&more, "window");
        const tb_parameter_value *tile = value_of(&more, "tile");
        for (size_t d = 0; d < window->count; d++) {
            int64_t wider = window->list[d] + 2 * tile->list[d];
            room[d] = wider <= c->problem.layout.extent[d] ? wider : c->problem.layout.extent[d];
        }
        value_of(&more, "window")->list = room;
        break;
    }
    case TB_PATTERN_UNION: { /* the first part is a part of all of them */
        static tb_pattern everything[1];
        everything[0] = tb_pattern_default();
        more.part[tb_test_between(random, 0, more.parts - 1)] = everything;
        break;
    }
    case TB_PATTERN_INTERSECTION:
        if (more.parts > 2) {
            more.parts--;
        }
        break;
    default:
        break;
    }
    return more;
}

static void more__never_gives_fewer_tiles(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(6000), grown = 0;
    for (int i = 0; i < cases; i++) {
        int64_t room[TB_MAX_RANK];
        tb_sim_case c = draw_case(random);
        draw_tiling(random, &c);
        tb_pattern more = more_of(random, &c, room);
        tb_census less_census = count(&c, &c.pattern), more_census = count(&c, &more);
        if (more_census.visible_pairs < less_census.visible_pairs ||
            more_census.visited < less_census.visited || more_census.full < less_census.full) {
            tb_sim_case_print(&c);
            fail_msg("more gives %lld tiles, %lld full, %lld pairs; less gave %lld, %lld, %lld",
                     (long long)more_census.visited, (long long)more_census.full,
                     (long long)more_census.visible_pairs, (long long)less_census.visited,
                     (long long)less_census.full, (long long)less_census.visible_pairs);
        }
        grown += more_census.visible_pairs > less_census.visible_pairs;
        tb_sim_case_free(&c);
    }
    print_message("%d problems, of which %d grew\n", cases, grown);
    assert_true(grown > cases / 3);
    gsl_rng_free(random);
}

/* A kind whose parameters hide nothing (of what comes before, if `causal`). */
static bool make_whole(tb_pattern_kind kind, bool is_causal, const tb_layout *layout,
                       int64_t *lists, tb_pattern *out)
{
    int64_t n = tb_layout_tokens(layout);
    static tb_pattern parts[2];
    *out = tb_pattern_default();
    out->kind = kind;
    switch (kind) {
    case TB_PATTERN_SINK_LOCAL:
        set(out, "sink", 0);
        set(out, "local", n);
        return is_causal;
    case TB_PATTERN_STRIDED:
        set(out, "window", n);
        set(out, "stride", 7);
        set(out, "causal", is_causal);
        return true;
    case TB_PATTERN_FIXED:
        set(out, "segment", n);
        set(out, "summary", 1);
        return is_causal;
    case TB_PATTERN_GLOBAL_LOCAL:
        set(out, "block", 3);
        set(out, "window", (n + 2) / 3);
        set(out, "causal", is_causal);
        return true;
    case TB_PATTERN_SHARDED:
        set(out, "block", 4);
        set(out, "local_blocks", (n + 3) / 4);
        set(out, "vert_stride", 5);
        return is_causal;
    case TB_PATTERN_PREFIX:
        set(out, "prefix", is_causal ? 0 : n);
        return true;
    case TB_PATTERN_DOCUMENT:
        lists[0] = 0;
        lists[1] = n;
        *value_of(out, "cu_seqlens") =
            (tb_parameter_value){.given = true, .list = lists, .count = 2};
        set(out, "causal", is_causal);
        return true;
    case TB_PATTERN_AXIAL:
        return !is_causal && layout->rank == 2 &&
               (layout->extent[0] == 1 || layout->extent[1] == 1);
    case TB_PATTERN_SLIDING_TILE:
        for (int d = 0; d < layout->rank; d++) {
            lists[d] = layout->extent[d];
            lists[TB_MAX_RANK + d] = 1;
        }
        *value_of(out, "window") =
            (tb_parameter_value){.given = true, .list = lists, .count = (size_t)layout->rank};
        *value_of(out, "tile") = (tb_parameter_value){
            .given = true, .list = lists + TB_MAX_RANK, .count = (size_t)layout->rank};
        return !is_causal;
    case TB_PATTERN_UNION:
    case TB_PATTERN_INTERSECTION:
        parts[0] = tb_pattern_default();
        parts[1] = tb_pattern_default();
        parts[0].kind = is_causal ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
        parts[1].kind = kind == TB_PATTERN_UNION ? parts[0].kind : TB_PATTERN_DENSE;
        out->part[0] = &parts[0];
        out->part[1] = &parts[1];
        out->parts = 2;
        return true;
    default:
        return false;
    }
}

static void whole_parameters__are_dense_or_causal_attention(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(6000), whole = 0, kinds[TB_PATTERN_COUNT] = {0};
    for (int i = 0; i < cases; i++) {
        int64_t lists[2 * TB_MAX_RANK];
        tb_sim_case c = {.problem = tb_problem_default()};
        c.problem.layout = tb_sim_case_layout(random, (int)tb_test_between(random, 1, 3), 240);
        draw_tiling(random, &c);
        bool is_causal = tb_test_between(random, 0, 1) == 1;
        tb_pattern_kind kind =
            (tb_pattern_kind)tb_test_between(random, TB_PATTERN_FIELD_KINDS, TB_PATTERN_COUNT - 1);
        if (!make_whole(kind, is_causal, &c.problem.layout, lists, &c.pattern)) {
            continue;
        }
        tb_pattern plain = tb_pattern_default();
        plain.kind = is_causal ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
        tb_census census = count(&c, &c.pattern), want = count(&c, &plain);
        want.closed_form = census.closed_form;
        tb_sim_case_assert_census(&c, &census, &want);
        whole++;
        kinds[kind]++;
    }
    print_message("%d problems\n", whole);
    for (int kind = TB_PATTERN_FIELD_KINDS; kind < TB_PATTERN_COUNT; kind++) {
        bool is_here = tb_pattern_types[kind] != NULL && !tb_pattern_types[kind]->is_random;
        assert_true(!is_here || kinds[kind] > 0);
    }
    gsl_rng_free(random);
}

/* One million tokens, by hand: query tile t of 8192 sees the sink's tile, full but in tile 0, and
 * the 32 tiles before its own and its own, of which the first and its own are partial: local =
 * 4096 = 32 tiles, so that the first query of tile t sees from one token past the begin of tile t -
 * 32. For t <= 32 that is t + 1 tiles; from t = 33 on 33 and the sink's. */
static void a_million_tokens__are_counted_at_once(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {1 << 20}};
    c.pattern.kind = TB_PATTERN_SINK_LOCAL;
    c.tiling = (tb_tiling){.kind = TB_TILING_SINGLE_DIM, .q_tile = {128}, .kv_tile = {128}};
    set(&c.pattern, "sink", 128);
    set(&c.pattern, "local", 4096);
    struct timespec begin, end;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    tb_census census = count(&c, &c.pattern);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    double ms =
        1e3 * (double)(end.tv_sec - begin.tv_sec) + 1e-6 * (double)(end.tv_nsec - begin.tv_nsec);
    print_message("%.2f ms\n", ms);
    assert_int_equal(census.visited, 33 * 34 / 2 + (8192 - 33) * 34);
    assert_int_equal(census.max, 34);
    assert_int_equal(census.min, 1);
    assert_true(ms < 50);
}

TB_TESTS(cmocka_unit_test(spans__are_what_a_run_of_queries_sees),
         cmocka_unit_test(more__never_gives_fewer_tiles),
         cmocka_unit_test(whole_parameters__are_dense_or_causal_attention),
         cmocka_unit_test(a_million_tokens__are_counted_at_once));
