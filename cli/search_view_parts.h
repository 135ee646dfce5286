/* What the views of a search share. Internal to the command. */
#ifndef TB_SEARCH_VIEW_PARTS_H
#define TB_SEARCH_VIEW_PARTS_H

#include "document.h"
#include "predict_lists.h"
#include "predict_time.h"
#include "search_view.h"
#include "whole_network.h"

/** A row with what predict says of it. Dense attention is of the problem's own layout. */
typedef struct tb_shown_row {
    const tb_search_row *row;
    tb_kernel kernel;         /* under the row's schedule; not set without a kernel */
    tb_prediction prediction; /* owned */
    bool is_timed;
    tb_timing timing;
    bool has_whole;
    tb_whole_network whole;
} tb_shown_row;

/** A plan of layers with the network's time under it. */
typedef struct tb_shown_plan {
    const tb_layer_plan *plan;
    bool has_whole;
    tb_whole_network whole;
} tb_shown_plan;

/** What printing rests on. */
typedef struct tb_search_printer {
    const tb_search_args *args;
    const tb_search_ask *ask;
    tb_predict_request request;
    const tb_confirmation *confirmed; /* or NULL */
    const tb_messages *advice;
    const tb_shown_plan *plan; /* or NULL */
} tb_search_printer;

/** `tilebound predict ...`, which gives this row again. */
void tb_search_print_command(const tb_search_printer *p, const tb_search_row *row, tb_buffer *out);

/** Put everything into a document. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_search_put(const tb_search_printer *p, const tb_search_result *result,
                                     const tb_shown_row *shown, tb_document *doc, tb_error *err);

/** Print everything for people. TB_OK; TB_EIO; TB_ENOMEM. */
TB_NODISCARD tb_status tb_search_print_text(const tb_search_printer *p,
                                            const tb_search_result *result,
                                            const tb_shown_row *shown, tb_error *err);

#endif
