#include "probe_command.h"

#include "test_support.h"

#include <string.h>

#define MOST_WORDS 16

#define AT(field)    offsetof(tb_test_args, field)
#define INSIDE(name) offsetof(tb_test_inner_args, name)

static const char *const formats[] = {"table", "json", "csv"};

static const tb_option outer_options[] = {
    {"fast", 'f', TB_OPTION_FLAG, NULL, "a flag", AT(fast), 0, 0, NULL, 0},
    {"slow", '\0', TB_OPTION_FLAG, NULL, "a flag without a letter", AT(slow), 0, 0, NULL, 0},
    {"output", 'o', TB_OPTION_TEXT, "FILE", "text", AT(file), 0, 0, NULL, 0},
    {"kernel", '\0', TB_OPTION_TEXT, "NAME", "more text", AT(kernel), 0, 0, NULL, 0},
    {"batch", 'b', TB_OPTION_INT, "N", "a number", AT(batch), 1, INT64_MAX, NULL, 0},
    {"width", '\0', TB_OPTION_INT, "N", "a small number", AT(width), -8, 72, NULL, 0},
    {"at-least", '\0', TB_OPTION_DOUBLE, "X", "a number with a point", AT(least), 0, 96, NULL, 0},
    {"q-tile", 't', TB_OPTION_LIST, "4x8x8", "a list", AT(tile), 1, INT64_MAX, NULL, 0},
    {"causal", '\0', TB_OPTION_LIST, "1,0", "a list of bits", AT(causal), 0, 1, NULL, 0},
};

static const tb_option inner_options[] = {
    {"heads", 'n', TB_OPTION_INT, "N", "a number", INSIDE(heads), 1, INT64_MAX, NULL, 0},
    {"format", '\0', TB_OPTION_CHOICE, NULL, "a choice", INSIDE(format), 0, 0, formats, 3},
};

static const tb_option_group groups[] = {
    {"Outer", outer_options, sizeof outer_options / sizeof *outer_options, 0},
    {"Inner", inner_options, sizeof inner_options / sizeof *inner_options, AT(inner)},
};

static const tb_example examples[] = {{"tilebound probe a", "what a is"}};

const tb_command tb_test_probe = {
    .name = "probe",
    .group = "ask",
    .summary = "a command of the tests",
    .positional = "KIND [NAME]",
    .description = "Two lines\nof text.",
    .groups = groups,
    .group_count = 2,
    .examples = examples,
    .example_count = 1,
    .args_size = sizeof(tb_test_args),
    .positional_min = 1,
    .positional_max = 2,
};

tb_test_parsed tb_test_parse(const char *const *words)
{
    char *list[MOST_WORDS];
    static char kept[MOST_WORDS][64]; /* what args and positional point at */
    tb_test_parsed p;
    memset(&p, 0, sizeof p);
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        assert_true(count < MOST_WORDS && strlen(words[count]) < sizeof kept[0]);
        strcpy(kept[count], words[count]);
        list[count] = kept[count];
    }
    p.status =
        tb_options_parse(&tb_test_probe, list, count, &p.args, p.positional, &p.wants_help, &p.err);
    return p;
}

void tb_test_is_parsed(const tb_test_parsed *p)
{
    tb_assert_ok(p->status, &p->err);
}

void tb_test_is_refused(const tb_test_parsed *p, const char *message)
{
    assert_int_equal(p->status, TB_EINVAL);
    assert_int_equal(p->err.code, TB_EINVAL);
    assert_string_equal(p->err.message, message);
}
