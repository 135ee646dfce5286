#include "test_support.h"

#include "report_html.h"
#include "report_md.h"
#include "report_svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOSTILE "<script>alert('x')</script>|`id`\"\n=1"

static tb_page page_with_hostile_text(void)
{
    static const char *const heads[] = {"run", "measured", HOSTILE};
    tb_page page = tb_page_begin(HOSTILE, "tilebound report -o '<b>'", "1.2.3");
    tb_page_add(&page, TB_PAGE_SECTION, "%s", HOSTILE);
    tb_page_add(&page, TB_PAGE_NOTE, "%s", HOSTILE);
    tb_page_begin_table(&page, "runs", HOSTILE, "tilebound compare '<b>'", "ltr", heads);
    tb_page_cell_text(&page, "%s", HOSTILE);
    tb_page_cell_time(&page, 72.125);
    tb_page_cell_number(&page, 1, -9.65);
    tb_page_cell_text(&page, "-");
    tb_page_cell_time(&page, nan(""));
    tb_page_cell_percent(&page, 1.2345);
    return page;
}

static char *written(const tb_page *page,
                     tb_status (*write)(const tb_page *, tb_buffer *, tb_error *))
{
    tb_buffer out = {0};
    tb_error err;
    tb_assert_ok(write(page, &out, &err), &err);
    return out.data; /* the caller frees it */
}

static void page__hostile_text_is_text_in_html(void **state)
{
    (void)state;
    tb_page page = page_with_hostile_text();
    char *html = written(&page, tb_report_html);
    assert_null(strstr(html, "alert('x')"));
    assert_null(strstr(html, "<b>"));
    assert_non_null(strstr(html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;|`id`&quot; =1"));
    assert_non_null(strstr(html, "<td class=\"n\" data-v=\"72.125\">72.1 us</td>"));
    assert_non_null(strstr(html, "<td class=\"n\">-</td>"));
    free(html);
    tb_page_free(&page);
}

static void page__hostile_text_stays_in_its_markdown_cell(void **state)
{
    (void)state;
    tb_page page = page_with_hostile_text();
    char *md = written(&page, tb_report_md);
    assert_null(strstr(md, "<script"));
    assert_non_null(strstr(md,
                           "| &lt;script&gt;alert('x')&lt;/script&gt;\\|\\`id\\`\" =1 | 72.1 us "
                           "| -9.7 |\n| - | - | +1.2 % |\n"));
    assert_non_null(strstr(md, "```sh\ntilebound compare '<b>'\n```\n"));
    free(md);
    tb_page_free(&page);
}

static void page__csv_has_numbers_in_full_and_no_formulas(void **state)
{
    (void)state;
    static const char *const heads[] = {"run", "measured", "error"};
    tb_page page = tb_page_begin("t", "c", "v");
    tb_buffer out = {0};
    tb_page_begin_table(&page, "runs", "", NULL, "ltr", heads);
    tb_page_cell_text(&page, "=cmd|x");
    tb_page_cell_time(&page, 72.125);
    tb_page_cell_percent(&page, -7.25);
    tb_page_cell_text(&page, "a,b");
    tb_page_cell_time(&page, nan(""));
    tb_page_cell_number(&page, 0, 96);
    tb_report_csv(page.table, &out);
    assert_string_equal(out.data, "run,measured_us,error\n'=cmd|x,72.125,-7.25\n\"a,b\",,96\n");
    tb_buffer_free(&out);
    tb_page_free(&page);
}

/* As gnuplot writes them. */
static const char svg[] =
    "<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<svg \n width=\"9\" xmlns=\"x\">\n"
    "<title>Gnuplot</title>\n<desc>Produced by GNUPLOT 5.4</desc>"
    "<script type=\"text/javascript\"><![CDATA[alert(1)]]></script>\n"
    "<defs><circle id='gpDot' r='1'/><use xlink:href='#gpDot' id='gpPt1'/></defs>\n"
    "<g id=\"plot\" onclick=\"go()\"><use xlink:href=\"#gpPt1\"/><path fill=\"url(#gpPat2)\"/>"
    "<text>id=\"label\" url(#text)</text></g></svg>\n";

static void svg__ids_and_their_references_get_the_prefix(void **state)
{
    (void)state;
    tb_buffer out = {0};
    tb_error err;
    tb_assert_ok(tb_svg_inline(svg, "fig-72", "a <name>", &out, &err), &err);
    assert_int_equal(strncmp(out.data, "<svg role=\"img\" aria-label=\"a &lt;name&gt;\" ", 43), 0);
    assert_non_null(strstr(out.data, "id='fig-72-gpDot'"));
    assert_non_null(strstr(out.data, "xlink:href='#fig-72-gpDot' id='fig-72-gpPt1'"));
    assert_non_null(strstr(out.data, "<g id=\"fig-72-plot\"><use xlink:href=\"#fig-72-gpPt1\"/>"));
    assert_non_null(strstr(out.data, "url(#fig-72-gpPat2)"));
    assert_non_null(strstr(out.data, ">id=\"label\" url(#text)<"));
    assert_null(strstr(out.data, "script"));
    assert_null(strstr(out.data, "DOCTYPE"));
    assert_null(strstr(out.data, "Gnuplot"));
    assert_null(strstr(out.data, "GNUPLOT"));
    tb_buffer_free(&out);
}

static void svg__what_is_none_is_refused(void **state)
{
    (void)state;
    tb_buffer out = {0};
    tb_error err;
    tb_assert_fails(tb_svg_inline("<html>", "a", "b", &out, &err), &err, TB_EINVAL,
                    "without an <svg>");
    tb_assert_fails(tb_svg_inline("", "a", "b", &out, &err), &err, TB_EINVAL, "<svg>");
    tb_buffer_free(&out);
}

static void page__two_figures_share_no_id(void **state)
{
    (void)state;
    tb_page page = tb_page_begin("t", "c", "v");
    tb_page_add_figure(&page, "one", "c")->svg = svg;
    tb_page_add_figure(&page, "two", "c")->svg = svg;
    tb_page_add_figure(&page, "none", "c"); /* not drawn: not there */
    char *html = written(&page, tb_report_html);
    assert_non_null(strstr(html, "id='one-gpDot'"));
    assert_non_null(strstr(html, "id='two-gpDot'"));
    assert_null(strstr(html, "id='gpDot'"));
    assert_null(strstr(html, "\"none\""));
    free(html);
    tb_page_free(&page);
}

TB_TESTS(cmocka_unit_test(page__hostile_text_is_text_in_html),
         cmocka_unit_test(page__hostile_text_stays_in_its_markdown_cell),
         cmocka_unit_test(page__csv_has_numbers_in_full_and_no_formulas),
         cmocka_unit_test(svg__ids_and_their_references_get_the_prefix),
         cmocka_unit_test(svg__what_is_none_is_refused),
         cmocka_unit_test(page__two_figures_share_no_id));
