#include "test_support.h"

#include "quote.h"

typedef void quote_fn(tb_buffer *out, const char *text);

static void assert_quoted(quote_fn *quote, const char *text, const char *want)
{
    tb_buffer out = {0};
    tb_buffer_text(&out, "");
    quote(&out, text);
    assert_false(out.failed);
    assert_string_equal(out.data, want);
    tb_buffer_free(&out);
}

static void quote__gnuplot_cannot_leave_its_string(void **state)
{
    (void)state;
    assert_quoted(tb_quote_gnuplot, "30x48x80", "'30x48x80'");
    assert_quoted(tb_quote_gnuplot, "", "''");
    assert_quoted(tb_quote_gnuplot, "'; system('id'); '", "'''; system(''id''); '''");
    assert_quoted(tb_quote_gnuplot, "`id` @macro \\'", "'`id` @macro \\'''");
    assert_quoted(tb_quote_gnuplot, "a\nsystem 'id'\r\x01", "'a system ''id''  '");
}

static void quote__html_opens_no_tag_and_ends_no_attribute(void **state)
{
    (void)state;
    assert_quoted(tb_quote_html, "<script>alert(1)</script>",
                  "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_quoted(tb_quote_html, "\" onload='x' a&amp;b", "&quot; onload=&#39;x&#39; a&amp;amp;b");
    assert_quoted(tb_quote_html, "two\nlines\xc2\x85|", "two lines |");
}

static void quote__csv_numbers_stay_and_formulas_do_not_run(void **state)
{
    (void)state;
    assert_quoted(tb_quote_csv, "-7.25e3", "-7.25e3");
    assert_quoted(tb_quote_csv, "=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"");
    assert_quoted(tb_quote_csv, "+72", "'+72");
    assert_quoted(tb_quote_csv, "-72 %", "'-72 %");
    assert_quoted(tb_quote_csv, "@sum", "'@sum");
    assert_quoted(tb_quote_csv, "72\n96,\"", "\"72 96,\"\"\"");
}

static void quote__tex_runs_no_macro(void **state)
{
    (void)state;
    assert_quoted(tb_quote_tex, "\\input{/etc/passwd}", "\\textbackslash{}input\\{/etc/passwd\\}");
    assert_quoted(tb_quote_tex, "50 % of $x_1^2$ & #7 ~",
                  "50 \\% of \\$x\\_1\\textasciicircum{}2\\$ \\& \\#7 \\textasciitilde{}");
}

static void quote__markdown_stays_in_its_cell(void **state)
{
    (void)state;
    assert_quoted(tb_quote_markdown, "a|b\nc", "a\\|b c");
    assert_quoted(tb_quote_markdown, "![x](javascript:y)", "\\!\\[x\\](javascript:y)");
    assert_quoted(tb_quote_markdown, "<b>&`*_\\", "&lt;b&gt;&amp;\\`\\*\\_\\\\");
}

static void quote__shell_words_are_one_word(void **state)
{
    (void)state;
    assert_quoted(tb_quote_shell, "natten-h100", "natten-h100");
    assert_quoted(tb_quote_shell, "", "''");
    assert_quoted(tb_quote_shell, "my runs.yaml", "'my runs.yaml'");
    assert_quoted(tb_quote_shell, "$(id);'x'", "'$(id);'\\''x'\\'''");
}

static void quote__bytes_that_are_no_utf8_become_question_marks(void **state)
{
    (void)state;
    assert_quoted(tb_quote_html, "caf\xc3\xa9 \xff\xc3", "caf\xc3\xa9 ?\?");
    assert_quoted(tb_quote_gnuplot, "\xe2\x96\x88\xe2\x96", "'\xe2\x96\x88?\?'");
}

TB_TESTS(cmocka_unit_test(quote__gnuplot_cannot_leave_its_string),
         cmocka_unit_test(quote__html_opens_no_tag_and_ends_no_attribute),
         cmocka_unit_test(quote__csv_numbers_stay_and_formulas_do_not_run),
         cmocka_unit_test(quote__tex_runs_no_macro),
         cmocka_unit_test(quote__markdown_stays_in_its_cell),
         cmocka_unit_test(quote__shell_words_are_one_word),
         cmocka_unit_test(quote__bytes_that_are_no_utf8_become_question_marks));
