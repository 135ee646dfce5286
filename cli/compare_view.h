/* How comparisons look: as a document (JSON, CSV) and as text for people. */
#ifndef TB_COMPARE_VIEW_H
#define TB_COMPARE_VIEW_H

#include "buffer.h"
#include "compare.h"
#include "compare_old.h"
#include "document.h"

/** What is shown of a comparison; all is borrowed. */
typedef struct tb_compare_view {
    const tb_comparison *comparison;
    const tb_compared_run *const *rows; /* runs that were compared */
    size_t row_count;
    bool is_cut;                  /* the rows are only the worst */
    bool has_counters;            /* show them */
    const tb_old_comparison *old; /* to compare with, or NULL */
    const tb_change *changes;
    size_t change_count;
} tb_compare_view;

/** Put the keys of a comparison into the document. */
void tb_view_compare_document(tb_document *doc, const tb_compare_view *view);

/** The table of runs, the summary, and what could not be compared. */
void tb_view_compare_text(tb_buffer *out, const tb_compare_view *view);

/** The hardware counters of a run that was compared, as an object; and of all runs, as a table. */
void tb_view_counters_document(tb_document *doc, const tb_compared_run *item);
void tb_view_counters_text(tb_buffer *out, const tb_compare_view *view);

/** The same of its runs of whole networks; nothing where there are none (as text). */
void tb_view_networks_document(tb_document *doc, const tb_comparison *comparison);
void tb_view_networks_text(tb_buffer *out, const tb_comparison *comparison);

/** The same of its runs of which only the speedup is stated. */
void tb_view_ratios_document(tb_document *doc, const tb_comparison *comparison);
void tb_view_ratios_text(tb_buffer *out, const tb_comparison *comparison);

/** Could this run not be compared, and is it in neither of those lists? */
bool tb_compare_is_missing(const tb_compared_run *run);

/** Put the keys of a summary into the object that is open. */
void tb_view_errors(tb_document *doc, const tb_error_summary *errors);

#endif
