/* What the option parser takes and refuses, on a table of its own. */
#include "test_support.h"

#include "buffer.h"
#include "commands.h"
#include "options.h"

#include <string.h>

typedef struct inner_args {
    tb_arg_int heads;
    tb_arg_choice format;
} inner_args;

typedef struct args {
    bool fast, slow;
    const char *file, *kernel;
    tb_arg_int batch, width;
    tb_arg_double least;
    tb_arg_list tile, causal;
    inner_args inner;
} args;

#define AT(field)    offsetof(args, field)
#define INSIDE(name) offsetof(inner_args, name)

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

static const tb_command probe = {
    .name = "probe",
    .group = "ask",
    .summary = "a command of the tests",
    .positional = "KIND [NAME]",
    .description = "Two lines\nof text.",
    .groups = groups,
    .group_count = 2,
    .examples = examples,
    .example_count = 1,
    .args_size = sizeof(args),
    .positional_min = 1,
    .positional_max = 2,
};

#define MOST_WORDS 16

typedef struct parsed {
    args args;
    const char *positional[TB_POSITIONAL_MAX + 1];
    bool wants_help;
    tb_error err;
    tb_status status;
} parsed;

/* Parse words that end with a NULL. */
static parsed parse(const char *const *words)
{
    char *list[MOST_WORDS];
    static char kept[MOST_WORDS][64]; /* what args and positional point at */
    parsed p;
    memset(&p, 0, sizeof p);
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        assert_true(count < MOST_WORDS && strlen(words[count]) < sizeof kept[0]);
        strcpy(kept[count], words[count]);
        list[count] = kept[count];
    }
    p.status = tb_options_parse(&probe, list, count, &p.args, p.positional, &p.wants_help, &p.err);
    return p;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void assert_parsed(const parsed *p)
{
    tb_assert_ok(p->status, &p->err);
}

static void assert_refused(const parsed *p, const char *message)
{
    assert_int_equal(p->status, TB_EINVAL);
    assert_int_equal(p->err.code, TB_EINVAL);
    assert_string_equal(p->err.message, message);
}

static void options__values_stand_apart_or_attached(void **state)
{
    (void)state;
    static const char *const forms[][3] = {{"--batch", "72", NULL},
                                           {"--batch=72", NULL},
                                           {"-b", "72", NULL},
                                           {"-b72", NULL},
                                           {"-b=72", NULL}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *words[4] = {"kind"};
        size_t count = 1;
        for (size_t w = 0; w < 2 && forms[i][w] != NULL; w++) {
            words[count++] = forms[i][w];
        }
        parsed p = parse(words);
        assert_parsed(&p);
        assert_true(p.args.batch.given);
        assert_int_equal(p.args.batch.value, 72);
        assert_string_equal(p.positional[0], "kind");
        assert_null(p.positional[1]);
    }
}

static void options__every_kind_is_stored_where_its_table_says(void **state)
{
    (void)state;
    parsed p = PARSE("a", "-f", "-o", "out.txt", "--width", "-8", "--at-least", "7.25", "-t",
                     "4x8x16", "--causal=1,0,0,1", "-n24", "--format", "csv", "b");
    assert_parsed(&p);
    assert_true(p.args.fast);
    assert_false(p.args.slow);
    assert_string_equal(p.args.file, "out.txt");
    assert_null(p.args.kernel);
    assert_false(p.args.batch.given);
    assert_true(p.args.width.given);
    assert_int_equal(p.args.width.value, -8);
    assert_true(p.args.least.given);
    tb_assert_close(p.args.least.value, 7.25, 0);
    assert_int_equal(p.args.tile.count, 3);
    assert_int_equal(p.args.tile.values[2], 16);
    assert_int_equal(p.args.causal.count, 4);
    assert_int_equal(p.args.causal.values[3], 1);
    assert_int_equal(p.args.inner.heads.value, 24);
    assert_true(p.args.inner.format.given);
    assert_int_equal(p.args.inner.format.index, 2);
    assert_string_equal(p.positional[0], "a");
    assert_string_equal(p.positional[1], "b");
    assert_null(p.positional[2]);
}

static void options__nothing_given_leaves_zeroes(void **state)
{
    (void)state;
    parsed p = PARSE("a");
    assert_parsed(&p);
    args none;
    memset(&none, 0, sizeof none);
    assert_memory_equal(&p.args, &none, sizeof none);
    assert_false(p.wants_help);
}

static void options__a_value_may_look_like_an_option(void **state)
{
    (void)state;
    parsed p = PARSE("a", "-o", "--batch", "--kernel=-b");
    assert_parsed(&p);
    assert_string_equal(p.args.file, "--batch");
    assert_string_equal(p.args.kernel, "-b");
    assert_false(p.args.batch.given);
}

static void options__only_the_first_equals_sign_divides(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--kernel=x=y", "-o=z=");
    assert_parsed(&p);
    assert_string_equal(p.args.kernel, "x=y");
    assert_string_equal(p.args.file, "z=");
}

static void options__two_dashes_end_the_options(void **state)
{
    (void)state;
    parsed p = PARSE("-b", "7", "--", "-b", "--fast");
    assert_parsed(&p);
    assert_int_equal(p.args.batch.value, 7);
    assert_false(p.args.fast);
    assert_string_equal(p.positional[0], "-b");
    assert_string_equal(p.positional[1], "--fast");
    p = PARSE("--", "--"); /* the second is a word */
    assert_parsed(&p);
    assert_string_equal(p.positional[0], "--");
    p = PARSE("a", "--");
    assert_parsed(&p);
    assert_null(p.positional[1]);
}

static void options__a_lone_dash_is_a_word(void **state)
{
    (void)state;
    parsed p = PARSE("-", "-o", "-");
    assert_parsed(&p);
    assert_string_equal(p.positional[0], "-");
    assert_string_equal(p.args.file, "-");
}

static void options__an_empty_word_is_a_word(void **state)
{
    (void)state;
    parsed p = PARSE("");
    assert_parsed(&p);
    assert_string_equal(p.positional[0], "");
}

static void options__help_wins_over_what_is_wrong(void **state)
{
    (void)state;
    parsed p = PARSE("--nonsense", "--help");
    assert_parsed(&p);
    assert_true(p.wants_help);
    p = PARSE("-b", "zero", "-h");
    assert_parsed(&p);
    assert_true(p.wants_help);
}

static void options__unknown_ones_name_the_nearest(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--bacth", "7");
    assert_refused(&p, "unknown option '--bacth'; did you mean '--batch'?");
    p = PARSE("a", "--bacth=7"); /* the value is not part of the name */
    assert_refused(&p, "unknown option '--bacth'; did you mean '--batch'?");
    p = PARSE("a", "--formt"); /* of the second group */
    assert_refused(&p, "unknown option '--formt'; did you mean '--format'?");
    p = PARSE("a", "--zygote");
    assert_refused(&p, "unknown option '--zygote'; 'tilebound probe --help' lists them");
    p = PARSE("a", "-z");
    assert_refused(&p, "unknown option '-z'; 'tilebound probe --help' lists them");
    p = PARSE("a", "-z72"); /* the letter alone is named */
    assert_refused(&p, "unknown option '-z'; 'tilebound probe --help' lists them");
    p = PARSE("a", "--=7");
    assert_refused(&p, "unknown option '--'; 'tilebound probe --help' lists them");
    p = PARSE("a", "--batc"); /* no abbreviations */
    assert_refused(&p, "unknown option '--batc'; did you mean '--batch'?");
    p = PARSE("a", "--BATCH", "7"); /* nor capitals */
    assert_refused(&p, "unknown option '--BATCH'; did you mean '--batch'?");
}

static void options__very_long_unknown_ones_are_refused_too(void **state)
{
    (void)state;
    char word[600] = "--";
    memset(word + 2, 'x', sizeof word - 3);
    word[sizeof word - 1] = '\0';
    char *words[] = {word};
    parsed p;
    memset(&p, 0, sizeof p);
    tb_assert_fails(
        tb_options_parse(&probe, words, 1, &p.args, p.positional, &p.wants_help, &p.err), &p.err,
        TB_EINVAL, "unknown option '--xxxx");
}

static void options__missing_values_say_what_is_missing(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--batch");
    assert_refused(&p, "--batch needs a value: N");
    p = PARSE("a", "-o");
    assert_refused(&p, "--output needs a value: FILE");
    p = PARSE("a", "-t");
    assert_refused(&p, "--q-tile needs a value: 4x8x8");
}

/* A choice has no word for its value: its choices must stand for it. */
static void options__missing_choices_say_what_is_missing(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--format");
    tb_assert_fails(p.status, &p.err, TB_EINVAL, "--format needs a value: ");
    assert_null(strstr(p.err.message, "null"));
    assert_non_null(strstr(p.err.message, "json"));
}

static void options__empty_values_are_refused(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--kernel=");
    assert_refused(&p, "--kernel is empty; give NAME");
    p = PARSE("a", "-o", "");
    assert_refused(&p, "--output is empty; give FILE");
    p = PARSE("a", "-o=");
    assert_refused(&p, "--output is empty; give FILE");
    p = PARSE("a", "--batch=");
    assert_refused(&p, "--batch '' is not a whole decimal number");
    p = PARSE("a", "--q-tile", "");
    assert_refused(&p, "--q-tile '' is not 1 to 4 whole numbers joined by 'x' or ',', as 30x48x80");
    p = PARSE("a", "--at-least=");
    assert_refused(&p, "--at-least '' is not a decimal number");
    p = PARSE("a", "--format=");
    assert_refused(&p, "--format '' is unknown; it is one of table, json, csv");
}

static void options__flags_take_no_value(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--fast=yes");
    assert_refused(&p, "--fast takes no value");
    p = PARSE("a", "--fast=");
    assert_refused(&p, "--fast takes no value");
    p = PARSE("a", "-fast"); /* letters are not bundled: this is -f with a value */
    assert_refused(&p, "--fast takes no value");
    p = PARSE("a", "--fast", "yes"); /* the next word is a word */
    assert_parsed(&p);
    assert_string_equal(p.positional[1], "yes");
}

static void options__each_is_given_once(void **state)
{
    (void)state;
    static const char *const twice[][2] = {
        {"-f", "--fast"},      {"-oa", "--output=a"},
        {"-b7", "--batch=7"},  {"--at-least=7", "--at-least=7"},
        {"-t7", "--q-tile=7"}, {"--format=csv", "--format=csv"},
    };
    static const char *const names[] = {"fast", "output", "batch", "at-least", "q-tile", "format"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char message[64] = "--";
        strcat(strcat(message, names[i]), " is given twice; give it once");
        parsed p = PARSE("a", twice[i][0], twice[i][1]);
        assert_refused(&p, message);
    }
}

static void options__numbers_are_whole_and_in_range(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "7x", "0x7", "+7", " 7", "7 ", "7.0", "1e3", "--7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        parsed p = PARSE("a", "-b", bad[i]);
        tb_assert_fails(p.status, &p.err, TB_EINVAL, "is not a whole decimal number");
    }
    parsed p = PARSE("a", "-b", "0");
    assert_refused(&p, "--batch 0 is out of range; it must be at least 1");
    p = PARSE("a", "-b-7");
    assert_refused(&p, "--batch -7 is out of range; it must be at least 1");
    p = PARSE("a", "--width", "73");
    assert_refused(&p, "--width 73 is out of range; it must be from -8 to 72");
    p = PARSE("a", "--width=-9");
    assert_refused(&p, "--width -9 is out of range; it must be from -8 to 72");
    p = PARSE("a", "-b", "9223372036854775807");
    assert_parsed(&p);
    assert_int_equal(p.args.batch.value, INT64_MAX);
    p = PARSE("a", "-b", "9223372036854775808");
    tb_assert_fails(p.status, &p.err, TB_EINVAL, "--batch '9223372036854775808' is ");
    p = PARSE("a", "-b", "007"); /* as people may write it */
    assert_parsed(&p);
    assert_int_equal(p.args.batch.value, 7);
}

static void options__numbers_with_a_point_are_in_range(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--at-least", "96");
    assert_parsed(&p);
    p = PARSE("a", "--at-least=.5");
    assert_parsed(&p);
    tb_assert_close(p.args.least.value, 0.5, 0);
    p = PARSE("a", "--at-least", "96.1");
    assert_refused(&p, "--at-least 96.1 is out of range; it must be from 0 to 96");
    p = PARSE("a", "--at-least", "-1e-9");
    assert_refused(&p, "--at-least -1e-9 is out of range; it must be from 0 to 96");
    p = PARSE("a", "--at-least", "7."); /* is one to C, too */
    assert_parsed(&p);
    static const char *const bad[] = {"nan", "inf", "0x2", "7,5", ".", "1e999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p = PARSE("a", "--at-least", bad[i]);
        tb_assert_fails(p.status, &p.err, TB_EINVAL, "is not a decimal number");
    }
}

static void options__lists_have_one_to_four_entries_in_range(void **state)
{
    (void)state;
    parsed p = PARSE("a", "-t7");
    assert_parsed(&p);
    assert_int_equal(p.args.tile.count, 1);
    p = PARSE("a", "-t", "7,9,11,13");
    assert_parsed(&p);
    assert_int_equal(p.args.tile.count, 4);
    assert_int_equal(p.args.tile.values[3], 13);
    static const char *const bad[] = {"7x9x11x13x15", "7x", "x7", "7,9x11", "7 9", "7xx9", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p = PARSE("a", "-t", bad[i]);
        tb_assert_fails(p.status, &p.err, TB_EINVAL, "is not 1 to 4 whole numbers joined by");
        assert_int_equal(p.args.tile.count, 0);
    }
    p = PARSE("a", "-t", "7x0x9");
    assert_refused(&p, "--q-tile 0 is out of range; it must be at least 1");
    p = PARSE("a", "--causal", "1,0,2");
    assert_refused(&p, "--causal 2 is out of range; it must be from 0 to 1");
}

static void options__choices_are_names_or_the_nearest_is_named(void **state)
{
    (void)state;
    parsed p = PARSE("a", "--format", "jsno");
    assert_refused(&p, "--format 'jsno' is unknown; did you mean 'json'?");
    p = PARSE("a", "--format", "JSON");
    assert_refused(&p, "--format 'JSON' is unknown; did you mean 'json'?");
    p = PARSE("a", "--format", "xml");
    assert_refused(&p, "--format 'xml' is unknown; it is one of table, json, csv");
    assert_false(p.args.inner.format.given);
}

static void options__words_are_counted(void **state)
{
    (void)state;
    parsed p = PARSE("a", "b", "c");
    assert_refused(&p, "unexpected 'c'; see 'tilebound probe --help'");
    p = PARSE("-f");
    assert_refused(&p, "'tilebound probe' needs KIND [NAME]; see 'tilebound probe --help'");
}

static void options__help_is_made_of_the_table(void **state)
{
    (void)state;
    tb_buffer out = {0};
    tb_error err;
    tb_options_help(&probe, &out);
    tb_assert_ok(tb_buffer_check(&out, &err), &err);
    static const char *const parts[] = {
        "a command of the tests\n\nUsage: tilebound probe KIND [NAME] [options]\n\n",
        "Two lines\nof text.\n",
        "\nOuter:\n  -f, --fast ",
        "      --slow ",
        "  -o, --output FILE ",
        "  -t, --q-tile 4x8x8 ",
        "\nInner:\n  -n, --heads N ",
        "      --format table|json|csv ",
        "  -h, --help ",
        "\nExamples:\n  # what a is\n  tilebound probe a\n",
    };
    const char *at = out.data;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) { /* in this order */
        at = strstr(at, parts[i]);
        if (at == NULL) {
            print_error("not found, or not after the others: %s\n", parts[i]);
        }
        assert_non_null(at);
    }
    tb_buffer_free(&out);
}

/* A name or letter that two options of a command share would make one of them unreachable. */
static void options__names_and_letters_of_a_command_are_unique(void **state)
{
    (void)state;
    for (size_t c = 0; c < tb_command_count; c++) {
        const tb_command *command = tb_commands[c];
        const tb_option *all[128];
        size_t count = 0;
        for (size_t g = 0; g < command->group_count; g++) {
            for (size_t i = 0; i < command->groups[g].count; i++) {
                assert_true(count < 128);
                all[count++] = &command->groups[g].options[i];
            }
        }
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal(all[i]->name, "help");
            assert_int_not_equal(all[i]->letter, 'h');
            assert_true(all[i]->help != NULL && all[i]->help[0] != '\0');
            for (size_t j = 0; j < i; j++) {
                assert_string_not_equal(all[i]->name, all[j]->name);
                assert_true(all[i]->letter == '\0' || all[i]->letter != all[j]->letter);
            }
        }
    }
}

/* What an option's kind needs of its row. */
static void options__rows_are_complete(void **state)
{
    (void)state;
    for (size_t c = 0; c < tb_command_count; c++) {
        const tb_command *command = tb_commands[c];
        assert_true(command->example_count > 0);
        assert_true(command->positional_max <= TB_POSITIONAL_MAX);
        assert_int_equal(command->positional != NULL, command->positional_max > 0);
        for (size_t g = 0; g < command->group_count; g++) {
            for (size_t i = 0; i < command->groups[g].count; i++) {
                const tb_option *option = &command->groups[g].options[i];
                bool is_flag = option->kind == TB_OPTION_FLAG;
                bool is_choice = option->kind == TB_OPTION_CHOICE;
                assert_int_equal(option->argument == NULL, is_flag || is_choice);
                assert_int_equal(option->choice_count > 0, is_choice);
                assert_true(command->groups[g].offset + option->offset < command->args_size);
                if (option->kind == TB_OPTION_INT || option->kind == TB_OPTION_LIST) {
                    assert_true(option->min < option->max);
                }
            }
        }
    }
}

TB_TESTS(cmocka_unit_test(options__values_stand_apart_or_attached),
         cmocka_unit_test(options__every_kind_is_stored_where_its_table_says),
         cmocka_unit_test(options__nothing_given_leaves_zeroes),
         cmocka_unit_test(options__a_value_may_look_like_an_option),
         cmocka_unit_test(options__only_the_first_equals_sign_divides),
         cmocka_unit_test(options__two_dashes_end_the_options),
         cmocka_unit_test(options__a_lone_dash_is_a_word),
         cmocka_unit_test(options__an_empty_word_is_a_word),
         cmocka_unit_test(options__help_wins_over_what_is_wrong),
         cmocka_unit_test(options__unknown_ones_name_the_nearest),
         cmocka_unit_test(options__very_long_unknown_ones_are_refused_too),
         cmocka_unit_test(options__missing_values_say_what_is_missing),
         cmocka_unit_test(options__missing_choices_say_what_is_missing),
         cmocka_unit_test(options__empty_values_are_refused),
         cmocka_unit_test(options__flags_take_no_value),
         cmocka_unit_test(options__each_is_given_once),
         cmocka_unit_test(options__numbers_are_whole_and_in_range),
         cmocka_unit_test(options__numbers_with_a_point_are_in_range),
         cmocka_unit_test(options__lists_have_one_to_four_entries_in_range),
         cmocka_unit_test(options__choices_are_names_or_the_nearest_is_named),
         cmocka_unit_test(options__words_are_counted),
         cmocka_unit_test(options__help_is_made_of_the_table),
         cmocka_unit_test(options__names_and_letters_of_a_command_are_unique),
         cmocka_unit_test(options__rows_are_complete));
