/* Expressions of mechanism files: values, and what is wrong with those that have none. */
#include "test_support.h"

#include "expression.h"
#include "yaml_doc.h"

#include <string.h>

static const char *const names[] = {"N", "H", "window", "keep_ratio"};
static const double values[] = {72000, 12, 96, 0.3};
static const tb_names known = {.name = names, .value = values, .count = 4};

static tb_status value_of(const char *text, double *out, tb_error *err)
{
    tb_yaml *doc = NULL;
    tb_assert_ok(tb_yaml_parse(text, strlen(text), "probe", &doc, err), err);
    tb_status status =
        tb_expression_value(tb_yaml_get(tb_yaml_root(doc), "value"), &known, out, err);
    tb_yaml_destroy(doc);
    return status;
}

static void expression__values_are_those_of_hand(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double want;
    } cases[] = {
        {"value: 72", 72},
        {"value: 7.3e12", 7.3e12},
        {"value: -0.5", -0.5},
        {"value: N / window", 750},
        {"value: ceil(N / 7)", 10286},
        {"value: floor(N / 7)", 10285},
        {"value: 'min(N, window, H) + max(1, 2)'", 14},
        {"value: 2 ^ 3 ^ 2", 512}, /* from the right */
        {"value: sqrt(window + 48)", 12},
        {"value: log2(4096)", 12},
        {"value: exp(0)", 1},
        {"value: N * keep_ratio * (H - 2)", 216000},
        {"value: '(N > 1e6) ? 1 : 2'", 2},
        {"value: 'window >= 96 && H == 12'", 1},
        {"value: -window + 1", -95},
        {"value: \"true\"", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 0;
        tb_error err;
        tb_assert_ok(value_of(cases[i].text, &value, &err), &err);
        tb_assert_close(value, cases[i].want, 1e-12);
    }
}

static void expression__what_cannot_be_read_has_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"value: windw * 2", "'windw' stands for nothing in 'windw * 2'; did you mean 'window'?"},
        {"value: seil(3)", "did you mean 'ceil'?"},
        {"value: zebra + 1", "'zebra' stands for nothing"},
        {"value: sin(1)", "'sin' stands for nothing"},
        {"value: _pi * 2", "stands for nothing"},
        {"value: 3 +", "is no expression"},
        {"value: (3", "is no expression"},
        {"value: N = 3", "is no expression"},
        {"value: '1, 2'", "has 2 values"},
        {"value: H / (window - 96)", "is no finite number"},
        {"value: log2(0 - 1)", "is no finite number"},
        {"value: [1]", "a number or an expression is needed"},
        {"value: {a: 1}", "a number or an expression is needed"},
        {"value: ''", "is no expression"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = -7;
        tb_error err;
        tb_assert_fails(value_of(cases[i].text, &value, &err), &err, TB_EFILE, cases[i].message);
        tb_assert_position(&err, 1, 8);
        assert_true(value == -7); /* written only on success */
    }
}

static void expression__a_long_one_is_refused(void **state)
{
    (void)state;
    char text[800] = "value: 1";
    double value = 0;
    tb_error err;
    while (strlen(text) < 600) {
        strcat(text, " + 1");
    }
    tb_assert_fails(value_of(text, &value, &err), &err, TB_EFILE, "more than 512 characters");
}

TB_TESTS(cmocka_unit_test(expression__values_are_those_of_hand),
         cmocka_unit_test(expression__what_cannot_be_read_has_its_place),
         cmocka_unit_test(expression__a_long_one_is_refused));
