#include "report_page.h"

#include "units.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

tb_page tb_page_begin(const char *title, const char *command, const char *version)
{
    tb_page page = {
        .title = title, .command = command, .version = version, .arena = tb_arena_create()};
    page.failed = page.arena == NULL;
    return page;
}

tb_status tb_page_check(const tb_page *page, tb_error *err)
{
    return page->failed ? tb_fail(err, TB_ENOMEM, "no memory for a report") : TB_OK;
}

void tb_page_free(tb_page *page)
{
    tb_arena_destroy(page->arena);
    *page = (tb_page){0};
}

static void *take(tb_page *page, size_t count, size_t size)
{
    void *memory = page->failed ? NULL : tb_arena_array(page->arena, count, size);
    page->failed = memory == NULL;
    return memory;
}

static const char *TB_PRINTF(2, 0) say(tb_page *page, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : take(page, (size_t)length + 1, 1);
    page->failed = text == NULL;
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text != NULL ? text : "";
}

const char *tb_page_say(tb_page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = say(page, format, arguments);
    va_end(arguments);
    return text;
}

/* NULL when memory is exhausted. */
static tb_page_item *add_item(tb_page *page, tb_page_kind kind)
{
    tb_page_item *item = take(page, 1, sizeof *item);
    if (item == NULL) {
        return NULL;
    }
    item->kind = kind;
    item->text = "";
    if (page->last == NULL) {
        page->first = item;
    } else {
        page->last->next = item;
    }
    page->last = item;
    return item;
}

void tb_page_add(tb_page *page, tb_page_kind kind, const char *format, ...)
{
    va_list arguments;
    tb_page_item *item = add_item(page, kind);
    if (item == NULL) {
        return;
    }
    va_start(arguments, format);
    item->text = say(page, format, arguments);
    va_end(arguments);
    if (kind == TB_PAGE_SECTION) {
        item->id = tb_page_say(page, "section-%zu", ++page->sections);
    }
}

void tb_page_begin_table(tb_page *page, const char *id, const char *caption, const char *command,
                         const char *align, const char *const *heads)
{
    tb_page_item *item = add_item(page, TB_PAGE_TABLE);
    tb_page_table *table = take(page, 1, sizeof *table);
    page->table = table;
    if (item == NULL || table == NULL) {
        return;
    }
    item->table = table;
    table->id = id;
    table->caption =
        page->is_emulated ? tb_page_say(page, "%s Emulated: no GPU ran.", caption) : caption;
    table->command = command;
    table->columns = strlen(align);
    assert(table->columns <= TB_PAGE_COLUMNS);
    (void)snprintf(table->align, sizeof table->align, "%s", align);
    memcpy(table->heads, heads, table->columns * sizeof *heads);
}

static void add_cell(tb_page *page, tb_page_cell cell)
{
    tb_page_table *table = page->table;
    if (page->failed) {
        return;
    }
    if (table->cell_count == table->capacity) {
        size_t capacity = table->capacity > 0 ? table->capacity * 2 : 64;
        tb_page_cell *cells = take(page, capacity, sizeof *cells);
        if (cells == NULL) {
            return;
        }
        if (table->cell_count > 0) {
            memcpy(cells, table->cells, table->cell_count * sizeof *cells);
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    table->cells[table->cell_count++] = cell;
}

void tb_page_cell_text(tb_page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_cell(page, (tb_page_cell){.text = say(page, format, arguments)});
    va_end(arguments);
}

/* `text` is what stands for the value, where there is one. */
static void add_number(tb_page *page, const char *text, double value)
{
    bool is_number = isfinite(value);
    add_cell(page, (tb_page_cell){
                       .text = is_number ? text : "-", .is_number = is_number, .value = value});
}

void tb_page_cell_number(tb_page *page, int decimals, double value)
{
    add_number(page, tb_page_say(page, "%.*f", decimals, value), value);
}

void tb_page_cell_percent(tb_page *page, double value)
{
    double shown = fabs(value) < 0.05 ? 0 : value; /* no "-0.0" */
    add_number(page, tb_page_say(page, "%+.1f %%", shown), value);
}

void tb_page_cell_time(tb_page *page, double time_us)
{
    char text[48];
    add_number(page, tb_page_say(page, "%s", tb_units_time_us(time_us, text)), time_us);
}

tb_page_figure *tb_page_add_figure(tb_page *page, const char *id, const char *command)
{
    tb_page_item *item = add_item(page, TB_PAGE_FIGURE);
    tb_page_figure *figure = take(page, 1, sizeof *figure);
    if (item == NULL || figure == NULL) {
        return NULL;
    }
    item->figure = figure;
    figure->id = id;
    figure->title = figure->caption = "";
    figure->command = command;
    return figure;
}
