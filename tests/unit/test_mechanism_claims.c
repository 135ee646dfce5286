/* What a claim of a mechanism file is of: layout, heads, parameters. */
#include "test_support.h"

#include "mechanism.h"

#include <string.h>

static const char good[] =
    "schema: tilebound/mechanism/1\n"                                        /* 1 */
    "name: probe\n"                                                          /* 2 */
    "title: Probing attention\n"                                             /* 3 */
    "summary: a mechanism of the tests\n"                                    /* 4 */
    "family: tests\n"                                                        /* 5 */
    "phase: vision\n"                                                        /* 6 */
    "rank: 2\n"                                                              /* 7 */
    "parameters:\n"                                                          /* 8 */
    "  window: {value: 96, from: abstract}\n"                                /* 9 */
    "  stride: {value: 7, from: 'assumed: of the tests'}\n"                  /* 10 */
    "stages:\n"                                                              /* 11 */
    "  - {name: score, kind: product, rows: N, columns: window, inner: D}\n" /* 12 */
    "claims:\n"                                                              /* 13 */
    "  - metric: speed\n"                                                    /* 14 */
    "    value: 7.2\n"                                                       /* 15 */
    "    stat: exact\n"                                                      /* 16 */
    "    from: abstract\n"                                                   /* 17 */
    "    scope: kernel\n"                                                    /* 18 */
    "    tokens: 6912\n"                                                     /* 19 */
    "    layout: [72, 96]\n"                                                 /* 20 */
    "    heads: 5\n"                                                         /* 21 */
    "    set: {window: 48, stride: 1.5}\n"                                   /* 22 */
    "    note: of the tests\n";                                              /* 23 */

static tb_status try_load(const char *path, tb_error *err)
{
    tb_mechanism *mechanism = NULL;
    tb_status status = tb_mechanism_load(path, &mechanism, err);
    if (status == TB_OK) {
        tb_mechanism_destroy(mechanism);
    }
    return status;
}

static tb_mechanism *load(const char *from, const char *to)
{
    tb_mechanism *mechanism = NULL;
    tb_error err;
    tb_assert_ok(
        tb_mechanism_load(tb_test_variant("claims.yaml", good, from, to), &mechanism, &err), &err);
    return mechanism;
}

static void claims__say_what_they_are_of(void **state)
{
    (void)state;
    tb_mechanism *m = load("", "");
    const tb_claim *claim = &m->claims[0];
    assert_int_equal(claim->tokens, 6912);
    assert_int_equal(claim->layout.rank, 2);
    assert_int_equal(claim->layout.extent[0], 72);
    assert_int_equal(claim->layout.extent[1], 96);
    assert_int_equal(claim->heads, 5);
    assert_string_equal(claim->note, "of the tests");
    tb_mechanism_destroy(m);

    m = load("    layout: [72, 96]\n    heads: 5\n    set: {window: 48, stride: 1.5}\n", "");
    assert_int_equal(m->claims[0].layout.rank, 0);
    assert_int_equal(m->claims[0].heads, 0);
    assert_null(m->claims[0].set);
    tb_mechanism_destroy(m);
}

static void claims__set_parameters_of_another_load(void **state)
{
    (void)state;
    tb_error err;
    tb_mechanism *m = load("", ""), *other = load("", "");
    tb_assert_ok(tb_mechanism_set_claim(other, &m->claims[0], &err), &err);
    assert_true(other->parameters[0].value == 48 && other->parameters[0].is_set);
    assert_true(other->parameters[1].value == 1.5 && other->parameters[1].is_set);
    assert_true(m->parameters[0].value == 96 && !m->parameters[0].is_set);
    tb_mechanism_destroy(other);
    tb_mechanism_destroy(m);
}

static void claims__what_is_wrong_has_its_place(void **state)
{
    (void)state;
    static const tb_test_refusal refusals[] = {
        {"layout: [72, 96]", "layout: [72, 96, 1]", "a list of 2 extents", 20, 13},
        {"layout: [72, 96]", "layout: 6912", "a list of 2 extents", 20, 13},
        {"layout: [72, 96]", "layout: [72, 95]", "6840 tokens; the claim says tokens: 6912", 20,
         13},
        {"    tokens: 6912\n", "", "6912 tokens; the claim says tokens: 0", 19, 13},
        {"layout: [72, 96]", "layout: [72, 0]", "0", 20, 18},
        {"{window: 48,", "{windw: 48,", "no parameter 'windw'", 22, 18},
        {"set: {window: 48, stride: 1.5}", "set: 48", "parameters with their numbers", 22, 10},
        {"window: 48", "window: wide", "wide", 22, 19},
        {"heads: 5", "heads: 0", "0", 21, 12},
    };
    tb_test_refusals("claims.yaml", good, refusals, sizeof refusals / sizeof *refusals, try_load);
}

TB_TESTS(cmocka_unit_test(claims__say_what_they_are_of),
         cmocka_unit_test(claims__set_parameters_of_another_load),
         cmocka_unit_test(claims__what_is_wrong_has_its_place));
