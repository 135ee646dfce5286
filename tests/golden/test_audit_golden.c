/* Every claim of every known mechanism: its verdict and bounds are the committed table's, and
 * docs/mechanisms.md is what the audit writes. TB_UPDATE_GOLDEN=1 writes both anew. */
#include "arena.h"
#include "catalogue.h"
#include "file.h"
#include "golden_table.h"
#include "mechanism_page.h"
#include "test_support.h"
#include "verdict_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TABLE TB_SOURCE_DIR "/models/mechanisms/verdicts.csv"
#define PAGE  TB_SOURCE_DIR "/docs/mechanisms.md"

/* All of them, judged once for both tests. */
typedef struct audit {
    tb_arena *arena;
    tb_mechanism_entry *entries;
    size_t count;
} audit;

static int judge_all(void **state)
{
    tb_error err;
    const char *const *names = NULL;
    audit *all = calloc(1, sizeof *all);
    assert_non_null(all);
    all->arena = tb_arena_create();
    assert_non_null(all->arena);
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_MECHANISM, all->arena, &names, &all->count, &err),
                 &err);
    all->entries = calloc(all->count, sizeof *all->entries);
    assert_non_null(all->entries);
    for (size_t i = 0; i < all->count; i++) {
        tb_mechanism *mechanism = NULL;
        tb_assert_ok(tb_mechanism_load(names[i], &mechanism, &err), &err);
        tb_judgement *judgements = calloc(mechanism->claim_count + 1, sizeof *judgements);
        assert_non_null(judgements);
        tb_assert_ok(tb_audit_mechanism(mechanism, judgements, &err), &err);
        all->entries[i] = (tb_mechanism_entry){mechanism, judgements};
    }
    *state = all;
    return 0;
}

static int let_go(void **state)
{
    audit *all = *state;
    for (size_t i = 0; i < all->count; i++) {
        free((void *)(uintptr_t)all->entries[i].judgements);
        tb_mechanism_destroy((tb_mechanism *)(uintptr_t)all->entries[i].mechanism);
    }
    free(all->entries);
    tb_arena_destroy(all->arena);
    free(all);
    return 0;
}

static void write_table(const audit *all)
{
    tb_error err;
    tb_buffer text = {0};
    tb_verdict_table_head(&text);
    for (size_t i = 0; i < all->count; i++) {
        const tb_mechanism *m = all->entries[i].mechanism;
        for (size_t c = 0; c < m->claim_count; c++) {
            tb_verdict_table_line(m->name, (int64_t)c + 1, &all->entries[i].judgements[c], &text);
        }
    }
    tb_assert_ok(tb_buffer_check(&text, &err), &err);
    tb_assert_ok(tb_file_replace(TABLE, text.data, text.length, &err), &err);
    tb_buffer_free(&text);
}

static void check_bound(const char *name, int64_t number, double now, double table)
{
    if (!(fabs(now - table) <= 1e-9 * fabs(table)) && !(isnan(now) && isnan(table))) {
        fail_msg("%s %lld: a bound of %.17g; the table has %.17g (TB_UPDATE_GOLDEN=1 writes it "
                 "anew)",
                 name, (long long)number, now, table);
    }
}

static void check_claim(const tb_verdict_table *table, const tb_mechanism *m, size_t c,
                        const tb_judgement *j)
{
    int64_t number = (int64_t)c + 1;
    const tb_verdict_row *row = tb_verdict_table_find(table, m->name, number);
    if (row == NULL) {
        fail_msg("%s %lld is not in the table", m->name, (long long)number);
        return;
    }
    assert_string_equal(row->metric, j->claim->metric);
    if (row->verdict != j->verdict) {
        fail_msg("%s %lld: %s; the table has: %s", m->name, (long long)number,
                 tb_claim_verdict_names[j->verdict], tb_claim_verdict_names[row->verdict]);
    }
    check_bound(m->name, number, j->has_bound ? j->range.bound_min : nan(""), row->bound_min);
    check_bound(m->name, number, j->has_bound ? j->range.bound_max : nan(""), row->bound_max);
}

static void verdicts__are_those_of_the_table(void **state)
{
    const audit *all = *state;
    tb_error err;
    tb_verdict_table *table = NULL;
    size_t claims = 0;
    if (tb_golden_is_update()) {
        write_table(all);
    }
    tb_assert_ok(tb_verdict_table_read(TABLE, &table, &err), &err);
    for (size_t i = 0; i < all->count; i++) {
        const tb_mechanism *m = all->entries[i].mechanism;
        for (size_t c = 0; c < m->claim_count; c++, claims++) {
            check_claim(table, m, c, &all->entries[i].judgements[c]);
        }
    }
    print_message("%zu mechanisms, %zu claims\n", all->count, claims);
    assert_int_equal(table->count, claims);
    tb_verdict_table_destroy(table);
}

/* The claims of the literature list: none is lost. */
static void claims__are_all_there(void **state)
{
    const audit *all = *state;
    size_t claims = 0;
    for (size_t i = 0; i < all->count; i++) {
        claims += all->entries[i].mechanism->claim_count;
    }
    assert_int_equal(all->count, 66);
    assert_int_equal(claims, 129);
}

static void bounds__are_finite_and_in_order(void **state)
{
    const audit *all = *state;
    for (size_t i = 0; i < all->count; i++) {
        const tb_mechanism *m = all->entries[i].mechanism;
        for (size_t c = 0; c < m->claim_count; c++) {
            const tb_judgement *j = &all->entries[i].judgements[c];
            const tb_audit_range *r = &j->range;
            bool sound = !j->has_bound || (r->bound_min > 0 && r->bound_max >= r->bound_min &&
                                           isfinite(r->bound_max) && r->points > r->skipped);
            if (!sound || j->why[0] == '\0') {
                fail_msg("%s %zu: bounds %g to %g: '%s'", m->name, c + 1, r->bound_min,
                         r->bound_max, j->why);
            }
        }
    }
}

static void page__is_what_the_audit_writes(void **state)
{
    const audit *all = *state;
    tb_error err;
    tb_buffer text = {0};
    size_t length = 0;
    tb_assert_ok(tb_mechanism_page(all->entries, all->count, &text, &err), &err);
    if (tb_golden_is_update()) {
        tb_assert_ok(tb_file_replace(PAGE, text.data, text.length, &err), &err);
    }
    char *committed = tb_test_read(PAGE, &length);
    if (length != text.length || memcmp(committed, text.data, length) != 0) {
        size_t at = 0, line = 1;
        while (at < length && at < text.length && committed[at] == text.data[at]) {
            line += committed[at++] == '\n';
        }
        fail_msg("docs/mechanisms.md is not what the audit writes, from line %zu on "
                 "(scripts/mechanisms-doc writes it anew)",
                 line);
    }
    free(committed);
    tb_buffer_free(&text);
}

static audit *shared; /* judged once: it takes seconds */

static int setup(void **state)
{
    if (shared == NULL) {
        void *made = NULL;
        (void)judge_all(&made);
        shared = made;
    }
    *state = shared;
    return 0;
}

static int teardown(void **state)
{
    shared = NULL;
    return let_go(state);
}

TB_TESTS(cmocka_unit_test_setup(claims__are_all_there, setup),
         cmocka_unit_test_setup(verdicts__are_those_of_the_table, setup),
         cmocka_unit_test_setup(bounds__are_finite_and_in_order, setup),
         cmocka_unit_test_setup_teardown(page__is_what_the_audit_writes, setup, teardown));
