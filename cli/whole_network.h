/* A network end to end, in two ways: by the share of attention that a source states, and from its
 * layers' dimensions. */
#ifndef TB_WHOLE_NETWORK_H
#define TB_WHOLE_NETWORK_H

#include "buffer.h"
#include "document.h"
#include "end_to_end.h"
#include "network_time.h"
#include "predict_lists.h"

typedef struct tb_whole_network {
    int64_t steps, dense_steps;
    const tb_fact *share; /* of attention, stated; NULL: none, and the next two are unset */
    tb_end_to_end once;   /* tokens permuted once for all layers */
    tb_end_to_end every;  /* tokens permuted around every layer's attention */
    bool has_layers;      /* the file describes the rest; else the next is unset */
    tb_network_time time;
} tb_whole_network;

/**
 * Work out a case of a network, all of whose layers were timed beside dense attention.
 *
 * @param[in] problem  layout, batch, heads and dtype in force
 * @param[in] forward  attention of one forward pass
 * @return TB_OK; what tb_network_rest_time() and tb_network_outside_time() return
 */
TB_NODISCARD tb_status tb_whole_network_find(const tb_network *network,
                                             const tb_predict_request *request,
                                             const tb_problem *problem,
                                             const tb_forward_time *forward, tb_whole_network *out,
                                             tb_error *err);

/** The keys `end_to_end` and `end_to_end_by_layers` of the object that is open; null without. */
void tb_whole_network_document(tb_document *doc, const tb_network *network,
                               const tb_whole_network *whole);

/** The same for people; nothing where there is neither. */
void tb_whole_network_text(tb_buffer *out, const tb_network *network, const char *case_name,
                           const tb_whole_network *whole);

#endif
