#include "report_html.h"

#include "quote.h"
#include "report_html_frame.h"
#include "report_svg.h"
#include "text.h"

#include <string.h>

/* Text from which a column gets room to wrap in. */
#define LONG_TEXT 40

static void element(tb_buffer *out, const char *name, const char *text)
{
    tb_buffer_printf(out, "<%s>", name);
    tb_quote_html(out, text);
    tb_buffer_printf(out, "</%s>\n", name);
}

/* How something was made, and where its numbers lie. */
static void put_made(tb_buffer *out, const char *command, const char *folder, const char *id,
                     const char *ending)
{
    tb_buffer_text(out, "<p class=\"made\">");
    if (command != NULL) {
        tb_buffer_text(out, "<code>");
        tb_quote_html(out, command);
        tb_buffer_text(out, "</code> &middot; ");
    }
    tb_buffer_printf(out, "<a href=\"%s/%s.%s\">%s</a></p>\n", folder, id, ending, ending);
}

static void put_cell(tb_buffer *out, const tb_page_cell *cell, char align)
{
    char number[32];
    const char *class = align != 'l' ? "n" : strlen(cell->text) > LONG_TEXT ? "w" : "l";
    tb_buffer_printf(out, "<td class=\"%s\"", class);
    if (cell->is_number) {
        tb_buffer_printf(out, " data-v=\"%s\"", tb_text_shortest(cell->value, number));
    }
    tb_buffer_text(out, ">");
    tb_quote_html(out, cell->text);
    tb_buffer_text(out, "</td>");
}

static void put_table(tb_buffer *out, const tb_page_table *table)
{
    tb_buffer_printf(out, "<p class=\"about\" id=\"about-%s\">", table->id);
    tb_quote_html(out, table->caption);
    tb_buffer_printf(
        out,
        "</p>\n<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\" id=\"%s\" "
        "aria-describedby=\"about-%s\">\n",
        table->id, table->id);
    tb_buffer_text(out, "<thead><tr>");
    for (size_t c = 0; c < table->columns; c++) {
        tb_buffer_printf(out, "<th scope=\"col\"%s>", table->align[c] != 'l' ? " class=\"n\"" : "");
        tb_quote_html(out, table->heads[c]);
        tb_buffer_text(out, "</th>");
    }
    tb_buffer_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->columns;
        tb_buffer_text(out, column == 0 ? "<tr>" : "");
        put_cell(out, &table->cells[i], table->align[column]);
        tb_buffer_text(out, column + 1 == table->columns ? "</tr>\n" : "");
    }
    tb_buffer_text(out, "</tbody></table></div>\n");
    put_made(out, table->command, "data", table->id, "csv");
}

static tb_status put_figure(tb_buffer *out, const tb_page_figure *figure, tb_error *err)
{
    if (figure->svg == NULL) {
        return TB_OK;
    }
    tb_buffer words = {0}; /* the picture says them too, but not to who cannot see it */
    tb_buffer_printf(&words, "%s. %s", figure->title, figure->caption);
    tb_status status = tb_buffer_check(&words, err);
    tb_buffer_printf(out, "<figure id=\"%s\"><div class=\"sheet\" tabindex=\"0\">\n", figure->id);
    if (status == TB_OK) {
        status = tb_svg_inline(figure->svg, figure->id, words.data, out, err);
    }
    tb_buffer_free(&words);
    tb_buffer_text(out, "</div></figure>\n");
    put_made(out, figure->command, "figures", figure->id, "svg");
    return status;
}

/* `in_list`: the item before was an entry of a list. */
static tb_status put_item(tb_buffer *out, const tb_page_item *item, bool in_list, tb_error *err)
{
    if (item->kind == TB_PAGE_NOTE) {
        tb_buffer_text(out, in_list ? "" : "<ul>\n");
        element(out, "li", item->text);
        return TB_OK;
    }
    tb_buffer_text(out, in_list ? "</ul>\n" : "");
    switch (item->kind) {
    case TB_PAGE_SECTION:
        tb_buffer_printf(out, "<h2 id=\"%s\">", item->id);
        tb_quote_html(out, item->text);
        tb_buffer_text(out, "</h2>\n");
        break;
    case TB_PAGE_SUBSECTION:
        element(out, "h3", item->text);
        break;
    case TB_PAGE_TEXT:
        element(out, "p", item->text);
        break;
    case TB_PAGE_WARNING:
        tb_buffer_text(out, "<p class=\"warning\">");
        tb_quote_html(out, item->text);
        tb_buffer_text(out, "</p>\n");
        break;
    case TB_PAGE_FOLD:
        tb_buffer_text(out, "<details>");
        element(out, "summary", item->text);
        break;
    case TB_PAGE_UNFOLD:
        tb_buffer_text(out, "</details>\n");
        break;
    case TB_PAGE_TABLE:
        put_table(out, item->table);
        break;
    case TB_PAGE_FIGURE:
        return put_figure(out, item->figure, err);
    case TB_PAGE_NOTE:
        break;
    }
    return TB_OK;
}

static void put_head(const tb_page *page, tb_buffer *out)
{
    tb_buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                        "<meta name=\"generator\" content=\"tilebound ");
    tb_quote_html(out, page->version);
    tb_buffer_text(out,
                   "\">\n<link rel=\"icon\" href=\"data:,\">\n"); /* else browsers ask for one */
    element(out, "title", page->title);
    tb_buffer_printf(out, "<style>\n%s</style>\n</head>\n<body>\n<header>\n", tb_report_style);
    element(out, "h1", page->title);
    tb_buffer_text(out, "<nav aria-label=\"Contents\"><ul>\n");
    for (const tb_page_item *item = page->first; item != NULL; item = item->next) {
        if (item->kind == TB_PAGE_SECTION) {
            tb_buffer_printf(out, "<li><a href=\"#%s\">", item->id);
            tb_quote_html(out, item->text);
            tb_buffer_text(out, "</a></li>\n");
        }
    }
    tb_buffer_text(out, "</ul></nav>\n</header>\n<main>\n");
}

tb_status tb_report_html(const tb_page *page, tb_buffer *out, tb_error *err)
{
    tb_status status = tb_page_check(page, err);
    bool in_list = false;
    if (status != TB_OK) {
        return status;
    }
    put_head(page, out);
    for (const tb_page_item *item = page->first; status == TB_OK && item != NULL;
         item = item->next) {
        status = put_item(out, item, in_list, err);
        in_list = item->kind == TB_PAGE_NOTE;
    }
    tb_buffer_printf(out, "%s</main>\n<footer><p>tilebound %s &middot; <code>",
                     in_list ? "</ul>\n" : "", page->version);
    tb_quote_html(out, page->command);
    tb_buffer_printf(out, "</code></p></footer>\n<script>\n%s</script>\n</body>\n</html>\n",
                     tb_report_script);
    return status == TB_OK ? tb_buffer_check(out, err) : status;
}
