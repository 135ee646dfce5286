/* A report before it is HTML or Markdown: what it says, in order, not how it looks.
 *
 * Text in it is plain: whoever writes it out quotes it. Failure (memory) is sticky and reported by
 * tb_page_check(). */
#ifndef TB_REPORT_PAGE_H
#define TB_REPORT_PAGE_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum tb_page_kind {
    TB_PAGE_SECTION,    /* a heading that the contents list */
    TB_PAGE_SUBSECTION, /* a heading below it */
    TB_PAGE_TEXT,       /* a paragraph */
    TB_PAGE_NOTE,       /* an entry of a list */
    TB_PAGE_WARNING,    /* a paragraph that must not be missed */
    TB_PAGE_FOLD,       /* from here to TB_PAGE_UNFOLD may be folded away; text = what is shown */
    TB_PAGE_UNFOLD,
    TB_PAGE_TABLE,
    TB_PAGE_FIGURE
} tb_page_kind;

typedef struct tb_page_cell {
    const char *text;
    bool is_number; /* `value` is what the text says, in full */
    double value;
} tb_page_cell;

#define TB_PAGE_COLUMNS 16

/** Rows lie one after the other in `cells`. */
typedef struct tb_page_table {
    const char *id; /* unique in the page, of letters, digits and dashes: data/ID.csv holds it */
    const char *caption;
    const char *command; /* that prints the same again */
    size_t columns;
    const char *heads[TB_PAGE_COLUMNS];
    char align[TB_PAGE_COLUMNS + 1]; /* l, r, or t: a time, whose number is in microseconds */
    tb_page_cell *cells;
    size_t cell_count, capacity;
} tb_page_table;

typedef struct tb_page_figure {
    const char *id; /* unique likewise: figures/ID.svg holds it */
    const char *title;
    const char *caption;
    const char *command; /* that draws it again */
    const char *svg;     /* borrowed; NULL = not drawn */
} tb_page_figure;

typedef struct tb_page_item {
    tb_page_kind kind;
    const char *text;
    const char *id; /* of a section */
    tb_page_table *table;
    tb_page_figure *figure;
    struct tb_page_item *next;
} tb_page_item;

typedef struct tb_page {
    const char *title;
    const char *command; /* that made the page */
    const char *version;
    tb_page_item *first, *last;
    tb_page_table *table; /* that cells are added to */
    tb_arena *arena;      /* owned */
    size_t sections;
    bool is_emulated; /* its times are of the tests' emulated GPU: captions of tables say so */
    bool failed;
} tb_page;

/** An empty page; free it with tb_page_free() in any event. */
tb_page tb_page_begin(const char *title, const char *command, const char *version);

/** TB_OK or TB_ENOMEM. */
TB_NODISCARD tb_status tb_page_check(const tb_page *page, tb_error *err);

void tb_page_free(tb_page *page);

/** Text that lives as long as the page; "" when memory is exhausted. */
const char *tb_page_say(tb_page *page, const char *format, ...) TB_PRINTF(2, 3);

/** Add a heading, paragraph, note or fold. */
void tb_page_add(tb_page *page, tb_page_kind kind, const char *format, ...) TB_PRINTF(3, 4);

/** Start a table; id, caption and command are the page's or constants; `align` has a letter a
 * column. */
void tb_page_begin_table(tb_page *page, const char *id, const char *caption, const char *command,
                         const char *align, const char *const *heads);

/** Add the next cell of the latest table. */
void tb_page_cell_text(tb_page *page, const char *format, ...) TB_PRINTF(2, 3);

/** A number with so many decimals; NaN is shown as "-". */
void tb_page_cell_number(tb_page *page, int decimals, double value);

/** A deviation in percent, with its sign: "+1.2 %". */
void tb_page_cell_percent(tb_page *page, double value);

/** A time for people; its value is in microseconds. NaN is shown as "-". */
void tb_page_cell_time(tb_page *page, double time_us);

/** Add a figure, its svg to be set before the page is written. NULL when memory is exhausted. */
tb_page_figure *tb_page_add_figure(tb_page *page, const char *id, const char *command);

#endif
