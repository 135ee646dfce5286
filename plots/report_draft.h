/* A report being written: its page, what it is about, and the figures that are to be drawn. */
#ifndef TB_REPORT_DRAFT_H
#define TB_REPORT_DRAFT_H

#include "chart.h"
#include "report_page.h"
#include "report_rows.h"

/** A figure to be drawn. */
typedef struct tb_report_drawing {
    const tb_chart *chart;
    tb_chart_input input; /* borrowed, the page's or of the rows */
    tb_page_figure *figure;
    tb_buffer svg; /* owned */
    tb_status status;
    tb_error err;
} tb_report_drawing;

#define TB_REPORT_NETWORKS 8

typedef struct tb_report_draft {
    const tb_report_input *input;
    const tb_report_rows *rows;
    tb_page *page;
    bool without_figures;
    tb_report_drawing *drawings; /* the page's arena */
    size_t count, capacity;
    size_t not_drawn;
    tb_network *networks[TB_REPORT_NETWORKS]; /* owned: what figures are of */
    size_t network_count;
} tb_report_draft;

/** Tells how far the drawing is. */
typedef void tb_report_progress(size_t done, size_t total, void *user);

/** Put a figure here, to be drawn later: nothing, and false, where there is no such chart, where it
 *  cannot show this, or where no figures are wanted. `id` and `command` are the page's or
 *  constants. */
bool tb_report_draw(tb_report_draft *draft, const char *chart, const char *id,
                    const tb_chart_input *input, const char *command);

/**
 * Draw all figures, several at once, and give them to the page. One that cannot be drawn is left
 * out and counted in not_drawn.
 *
 * @param[in] progress  called between figures, by one thread at a time; may be NULL
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_report_draw_all(tb_report_draft *draft, tb_report_progress *progress,
                                          void *user, tb_error *err);

/** A network by name, loaded once; NULL where it cannot be, or is one too many. */
const tb_network *tb_report_network(tb_report_draft *draft, const char *name);

/** Free the pictures and networks. The page must not be written after that. */
void tb_report_draft_free(tb_report_draft *draft);

#endif
