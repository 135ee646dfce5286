/* Charts without gnuplot: what is written for it. tests/cli/check-charts draws them. */
#include "test_support.h"

#include "chart.h"
#include "chart_render.h"
#include "chart_style.h"
#include "file.h"
#include "gnuplot.h"

#include <stdlib.h>
#include <string.h>

static void chart_data__fields_keep_to_their_line_and_column(void **state)
{
    (void)state;
    tb_chart_data data = tb_chart_data_begin();
    tb_buffer out = {0};
    tb_chart_field(&data, &out, "it's \"72\"\t\n\\ `x` $(x) %s");
    assert_string_equal(out.data, "it's ''72''  \\ `x` $(x) %s");
    tb_buffer_free(&out);
}

static void chart_data__strings_are_single_quoted(void **state)
{
    (void)state;
    tb_chart_data data = tb_chart_data_begin();
    tb_buffer out = {0};
    tb_chart_string(&data, &out, "it's `x`\n\"y\" @z");
    assert_string_equal(out.data, "'it''s `x` \"y\" @z'");
    tb_buffer_free(&out);
}

static void chart_data__text_for_tex_says_what_it_said(void **state)
{
    (void)state;
    tb_chart_data data = tb_chart_data_begin();
    tb_buffer field = {0}, string = {0};
    data.is_tex = true;
    tb_chart_field(&data, &field, "72 % of a_b & 'c'");
    tb_chart_string(&data, &string, "72 % of a_b & 'c'");
    assert_string_equal(field.data, "72 \\% of a\\_b \\& 'c'");
    assert_string_equal(string.data, "'72 \\% of a\\_b \\& ''c'''");
    tb_buffer_free(&field);
    tb_buffer_free(&string);
}

/* Lines of the style that set a label from 9000 on. */
static size_t count_labels(const tb_buffer *style)
{
    size_t count = 0;
    for (const char *at = style->data; (at = strstr(at, "set label 9")) != NULL; at++) {
        count++;
    }
    return count;
}

static void chart_style__long_captions_are_wrapped_at_spaces(void **state)
{
    (void)state;
    tb_chart_data data = tb_chart_data_begin();
    tb_buffer style = {0};
    data.is_text = true; /* a line is the width less 2 */
    tb_buffer_text(&data.title, "Title");
    tb_buffer_text(&data.caption, "one two three four five six seven");
    tb_chart_style(&data, 20, 24, &style);
    assert_int_equal(count_labels(&style), 1 + 2);
    assert_non_null(strstr(style.data, "'one two three four'"));
    assert_non_null(strstr(style.data, "'five six seven'"));
    tb_buffer_free(&style);
    tb_chart_data_free(&data);
}

static void chart_style__words_longer_than_a_line_are_cut_between_characters(void **state)
{
    (void)state;
    tb_chart_data data = tb_chart_data_begin();
    tb_buffer style = {0};
    data.is_text = true;
    tb_buffer_text(&data.title, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc");
    tb_chart_style(&data, 6, 24, &style);
    assert_non_null(strstr(style.data, "'\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4'"));
    assert_non_null(strstr(style.data, "'\xc3\xb6\xc3\xbc'"));
    tb_buffer_free(&style);
    tb_chart_data_free(&data);
}

static void chart__names_are_found_and_slips_are_told(void **state)
{
    (void)state;
    const tb_chart *chart = NULL;
    tb_error err;
    for (size_t i = 0; i < tb_chart_count; i++) {
        tb_assert_ok(tb_chart_find(tb_charts[i]->name, &chart, &err), &err);
        assert_ptr_equal(chart, tb_charts[i]);
    }
    tb_assert_fails(tb_chart_find("tile", &chart, &err), &err, TB_EINVAL, "did you mean 'tiles'?");
    tb_assert_fails(tb_chart_find("zzzz", &chart, &err), &err, TB_EINVAL, "list charts");
}

static void chart__names_are_one_word_and_summaries_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < tb_chart_count; i++) {
        assert_int_equal(strspn(tb_charts[i]->name, "abcdefghijklmnopqrstuvwxyz-"),
                         strlen(tb_charts[i]->name));
        assert_null(strchr(tb_charts[i]->summary, '\n'));
        assert_non_null(tb_charts[i]->fill);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tb_charts[i]->name, tb_charts[k]->name);
        }
    }
}

static void chart__what_is_missing_is_named_by_its_option(void **state)
{
    (void)state;
    static const struct {
        unsigned needs;
        const char *option;
    } cases[] = {{TB_CHART_NEEDS_PROBLEM, "-i"},
                 {TB_CHART_NEEDS_DEVICE, "--device"},
                 {TB_CHART_NEEDS_DENSE, "--baseline-kernel"},
                 {TB_CHART_NEEDS_PROFILES, "--profile"},
                 {TB_CHART_NEEDS_NETWORK, "--network"}};
    tb_chart_input nothing = {0};
    tb_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_chart chart = {.name = "some", .needs = cases[i].needs};
        tb_assert_fails(tb_chart_check(&chart, &nothing, &err), &err, TB_EINVAL, cases[i].option);
    }
}

static void chart_format__comes_from_the_ending(void **state)
{
    (void)state;
    tb_chart_format format = TB_CHART_TEXT;
    tb_error err;
    tb_assert_ok(tb_chart_format_of("a.b/out.svg", &format, &err), &err);
    assert_int_equal(format, TB_CHART_SVG);
    tb_assert_ok(tb_chart_format_of("x.tex", &format, &err), &err);
    assert_int_equal(format, TB_CHART_TEX);
    tb_assert_fails(tb_chart_format_of("out.jpg", &format, &err), &err, TB_EINVAL, ".svg, .png");
    tb_assert_fails(tb_chart_format_of("folder.svg/out", &format, &err), &err, TB_EINVAL, ".svg");
}

/* What gnuplot makes of a script of ours, or a skipped test where there is none. */
static tb_status run_script(const char *script, tb_error *err)
{
    char version[128];
    if (!tb_gnuplot_version(version)) {
        skip();
    }
    (void)tb_test_file("script.gp", script, strlen(script));
    return tb_gnuplot_run("script.gp", tb_test_path(""), err);
}

static void gnuplot__a_script_that_it_refuses_comes_back_with_what_it_says(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_fails(run_script("set terminal dumb\nplot nonsense(\n", &err), &err, TB_EINTERNAL,
                    "line 2");
}

static void gnuplot__a_format_that_it_lacks_is_unavailable(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_fails(run_script("set terminal nosuch\n", &err), &err, TB_EUNAVAILABLE,
                    "cannot write that format");
}

static void gnuplot__strings_of_ours_neither_run_nor_expand(void **state)
{
    (void)state;
    tb_chart_data data = tb_chart_data_begin();
    tb_buffer script = {0};
    tb_error err;
    tb_buffer_text(&script, "set macros\nm = 'expanded'\nset print 'said'\nprint ");
    tb_chart_string(&data, &script, "`touch ran` $(touch ran) @m \\n 'x' \"y\" %s");
    tb_buffer_text(&script, "\n");
    tb_assert_ok(run_script(script.data, &err), &err);
    char *said = tb_test_read(tb_test_path("said"), NULL);
    assert_string_equal(said, "`touch ran` $(touch ran) @m \\n 'x' \"y\" %s\n");
    assert_false(tb_file_exists(tb_test_path("ran")));
    free(said);
    tb_buffer_free(&script);
}

TB_TESTS(cmocka_unit_test(chart_data__fields_keep_to_their_line_and_column),
         cmocka_unit_test(chart_data__strings_are_single_quoted),
         cmocka_unit_test(chart_data__text_for_tex_says_what_it_said),
         cmocka_unit_test(chart_style__long_captions_are_wrapped_at_spaces),
         cmocka_unit_test(chart_style__words_longer_than_a_line_are_cut_between_characters),
         cmocka_unit_test(chart__names_are_found_and_slips_are_told),
         cmocka_unit_test(chart__names_are_one_word_and_summaries_one_line),
         cmocka_unit_test(chart__what_is_missing_is_named_by_its_option),
         cmocka_unit_test(chart_format__comes_from_the_ending),
         cmocka_unit_test(gnuplot__a_script_that_it_refuses_comes_back_with_what_it_says),
         cmocka_unit_test(gnuplot__a_format_that_it_lacks_is_unavailable),
         cmocka_unit_test(gnuplot__strings_of_ours_neither_run_nor_expand));
