/* How a search looks: as a document (JSON, CSV) and as text for people. */
#ifndef TB_SEARCH_VIEW_H
#define TB_SEARCH_VIEW_H

#include "confirm.h"
#include "layer_search.h"
#include "messages.h"
#include "search_options.h"

/** What is printed beside the rows; each may be NULL. */
typedef struct tb_search_extras {
    const tb_messages *advice;
    const tb_confirmation *confirmed;
    const tb_layer_plan *plan;
} tb_search_extras;

/** Print a search with what predict says of its rows. TB_OK; TB_EIO;
 * TB_ENOMEM; what predicting returns. */
TB_NODISCARD tb_status tb_search_print(const tb_search_args *args, const tb_search_ask *ask,
                                       const tb_search_result *result,
                                       const tb_search_extras *extras, tb_error *err);

#endif
