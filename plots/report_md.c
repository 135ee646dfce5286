#include "report_md.h"

#include "quote.h"
#include "text.h"

#include <string.h>

static void line(tb_buffer *out, const char *before, const char *text, const char *after)
{
    tb_buffer_text(out, before);
    tb_quote_markdown(out, text);
    tb_buffer_text(out, after);
}

/* The fence is longer than any run of backticks in the command, which is one line. */
static void put_command(tb_buffer *out, const char *command)
{
    size_t longest = 0, run = 0;
    if (command == NULL) {
        return;
    }
    for (const char *at = command; *at != '\0'; at++) {
        run = *at == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    tb_buffer_repeat(out, '`', longest + 3);
    tb_buffer_text(out, "sh\n");
    for (const char *at = command; *at != '\0'; at++) {
        tb_buffer_append(out, (unsigned char)*at < ' ' ? " " : at, 1);
    }
    tb_buffer_text(out, "\n");
    tb_buffer_repeat(out, '`', longest + 3);
    tb_buffer_text(out, "\n\n");
}

static void put_table(tb_buffer *out, const tb_page_table *table)
{
    line(out, "", table->caption, "\n\n|");
    for (size_t c = 0; c < table->columns; c++) {
        line(out, " ", table->heads[c], " |");
    }
    tb_buffer_text(out, "\n|");
    for (size_t c = 0; c < table->columns; c++) {
        tb_buffer_text(out, table->align[c] == 'l' ? "---|" : "---:|");
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        line(out, i % table->columns == 0 ? "\n| " : " ", table->cells[i].text, " |");
    }
    tb_buffer_text(out, "\n\n");
    put_command(out, table->command);
}

static void put_figure(tb_buffer *out, const tb_page_figure *figure)
{
    if (figure->svg == NULL) {
        return;
    }
    line(out, "![", figure->title, "](");
    tb_buffer_printf(out, "figures/%s.svg)\n\n", figure->id);
    line(out, "", figure->caption, "\n\n");
    put_command(out, figure->command);
}

static void put_item(tb_buffer *out, const tb_page_item *item)
{
    switch (item->kind) {
    case TB_PAGE_SECTION:
        line(out, "## ", item->text, "\n\n");
        break;
    case TB_PAGE_SUBSECTION:
        line(out, "### ", item->text, "\n\n");
        break;
    case TB_PAGE_FOLD:
        line(out, "#### ", item->text, "\n\n");
        break;
    case TB_PAGE_TEXT:
        line(out, "", item->text, "\n\n");
        break;
    case TB_PAGE_NOTE:
        line(out, "- ", item->text,
             item->next != NULL && item->next->kind == TB_PAGE_NOTE ? "\n" : "\n\n");
        break;
    case TB_PAGE_WARNING:
        line(out, "> ", item->text, "\n\n");
        break;
    case TB_PAGE_TABLE:
        put_table(out, item->table);
        break;
    case TB_PAGE_FIGURE:
        put_figure(out, item->figure);
        break;
    case TB_PAGE_UNFOLD:
        break;
    }
}

tb_status tb_report_md(const tb_page *page, tb_buffer *out, tb_error *err)
{
    tb_status status = tb_page_check(page, err);
    if (status != TB_OK) {
        return status;
    }
    line(out, "# ", page->title, "\n\n");
    for (const tb_page_item *item = page->first; item != NULL; item = item->next) {
        put_item(out, item);
    }
    put_command(out, page->command);
    return tb_buffer_check(out, err);
}

/* "measured_us" of a time; the head of anything else. */
static void put_head(tb_buffer *out, const char *head, char align)
{
    tb_quote_csv(out, head);
    tb_buffer_text(out, align == 't' ? "_us" : "");
}

void tb_report_csv(const tb_page_table *table, tb_buffer *out)
{
    char number[32];
    for (size_t c = 0; c < table->columns; c++) {
        tb_buffer_text(out, c > 0 ? "," : "");
        put_head(out, table->heads[c], table->align[c]);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        const tb_page_cell *cell = &table->cells[i];
        tb_buffer_text(out, i % table->columns > 0 ? "," : "\n");
        if (cell->is_number) {
            tb_buffer_text(out, tb_text_shortest(cell->value, number));
        } else {
            tb_quote_csv(out, strcmp(cell->text, "-") == 0 ? "" : cell->text);
        }
    }
    tb_buffer_text(out, "\n");
}
