/* Which words the option parser takes for options, and what it refuses, on a table of its own; and
 * what holds of every command's table. */
#include "test_support.h"

#include "buffer.h"
#include "commands.h"
#include "probe_command.h"

#include <string.h>

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
        tb_test_parsed p = tb_test_parse(words);
        tb_test_is_parsed(&p);
        assert_true(p.args.batch.given);
        assert_int_equal(p.args.batch.value, 72);
        assert_string_equal(p.positional[0], "kind");
        assert_null(p.positional[1]);
    }
}

static void options__nothing_given_leaves_zeroes(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a");
    tb_test_is_parsed(&p);
    tb_test_args none;
    memset(&none, 0, sizeof none);
    assert_memory_equal(&p.args, &none, sizeof none);
    assert_false(p.wants_help);
}

static void options__a_value_may_look_like_an_option(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "-o", "--batch", "--kernel=-b");
    tb_test_is_parsed(&p);
    assert_string_equal(p.args.file, "--batch");
    assert_string_equal(p.args.kernel, "-b");
    assert_false(p.args.batch.given);
}

static void options__only_the_first_equals_sign_divides(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--kernel=x=y", "-o=z=");
    tb_test_is_parsed(&p);
    assert_string_equal(p.args.kernel, "x=y");
    assert_string_equal(p.args.file, "z=");
}

static void options__two_dashes_end_the_options(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("-b", "7", "--", "-b", "--fast");
    tb_test_is_parsed(&p);
    assert_int_equal(p.args.batch.value, 7);
    assert_false(p.args.fast);
    assert_string_equal(p.positional[0], "-b");
    assert_string_equal(p.positional[1], "--fast");
    p = TB_TEST_PARSE("--", "--"); /* the second is a word */
    tb_test_is_parsed(&p);
    assert_string_equal(p.positional[0], "--");
    p = TB_TEST_PARSE("a", "--");
    tb_test_is_parsed(&p);
    assert_null(p.positional[1]);
}

static void options__a_lone_dash_is_a_word(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("-", "-o", "-");
    tb_test_is_parsed(&p);
    assert_string_equal(p.positional[0], "-");
    assert_string_equal(p.args.file, "-");
}

static void options__an_empty_word_is_a_word(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("");
    tb_test_is_parsed(&p);
    assert_string_equal(p.positional[0], "");
}

static void options__help_wins_over_what_is_wrong(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("--nonsense", "--help");
    tb_test_is_parsed(&p);
    assert_true(p.wants_help);
    p = TB_TEST_PARSE("-b", "zero", "-h");
    tb_test_is_parsed(&p);
    assert_true(p.wants_help);
}

static void options__unknown_ones_name_the_nearest(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--bacth", "7");
    tb_test_is_refused(&p, "unknown option '--bacth'; did you mean '--batch'?");
    p = TB_TEST_PARSE("a", "--bacth=7"); /* the value is not part of the name */
    tb_test_is_refused(&p, "unknown option '--bacth'; did you mean '--batch'?");
    p = TB_TEST_PARSE("a", "--formt"); /* of the second group */
    tb_test_is_refused(&p, "unknown option '--formt'; did you mean '--format'?");
    p = TB_TEST_PARSE("a", "--zygote");
    tb_test_is_refused(&p, "unknown option '--zygote'; 'tilebound probe --help' lists them");
    p = TB_TEST_PARSE("a", "-z");
    tb_test_is_refused(&p, "unknown option '-z'; 'tilebound probe --help' lists them");
    p = TB_TEST_PARSE("a", "-z72"); /* the letter alone is named */
    tb_test_is_refused(&p, "unknown option '-z'; 'tilebound probe --help' lists them");
    p = TB_TEST_PARSE("a", "--=7");
    tb_test_is_refused(&p, "unknown option '--'; 'tilebound probe --help' lists them");
    p = TB_TEST_PARSE("a", "--batc"); /* no abbreviations */
    tb_test_is_refused(&p, "unknown option '--batc'; did you mean '--batch'?");
    p = TB_TEST_PARSE("a", "--BATCH", "7"); /* nor capitals */
    tb_test_is_refused(&p, "unknown option '--BATCH'; did you mean '--batch'?");
}

static void options__very_long_unknown_ones_are_refused_too(void **state)
{
    (void)state;
    char word[600] = "--";
    memset(word + 2, 'x', sizeof word - 3);
    word[sizeof word - 1] = '\0';
    char *words[] = {word};
    tb_test_parsed p;
    memset(&p, 0, sizeof p);
    tb_assert_fails(
        tb_options_parse(&tb_test_probe, words, 1, &p.args, p.positional, &p.wants_help, &p.err),
        &p.err, TB_EINVAL, "unknown option '--xxxx");
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
        tb_test_parsed p = TB_TEST_PARSE("a", twice[i][0], twice[i][1]);
        tb_test_is_refused(&p, message);
    }
}

static void options__words_are_counted(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "b", "c");
    tb_test_is_refused(&p, "unexpected 'c'; see 'tilebound probe --help'");
    p = TB_TEST_PARSE("-f");
    tb_test_is_refused(&p, "'tilebound probe' needs KIND [NAME]; see 'tilebound probe --help'");
}

static void options__help_is_made_of_the_table(void **state)
{
    (void)state;
    tb_buffer out = {0};
    tb_error err;
    tb_options_help(&tb_test_probe, &out);
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
         cmocka_unit_test(options__nothing_given_leaves_zeroes),
         cmocka_unit_test(options__a_value_may_look_like_an_option),
         cmocka_unit_test(options__only_the_first_equals_sign_divides),
         cmocka_unit_test(options__two_dashes_end_the_options),
         cmocka_unit_test(options__a_lone_dash_is_a_word),
         cmocka_unit_test(options__an_empty_word_is_a_word),
         cmocka_unit_test(options__help_wins_over_what_is_wrong),
         cmocka_unit_test(options__unknown_ones_name_the_nearest),
         cmocka_unit_test(options__very_long_unknown_ones_are_refused_too),
         cmocka_unit_test(options__each_is_given_once),
         cmocka_unit_test(options__words_are_counted),
         cmocka_unit_test(options__help_is_made_of_the_table),
         cmocka_unit_test(options__names_and_letters_of_a_command_are_unique),
         cmocka_unit_test(options__rows_are_complete));
