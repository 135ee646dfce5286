/* Values with their sources, as network files write them. Internal to models/. */
#ifndef TB_NETWORK_FACT_H
#define TB_NETWORK_FACT_H

#include "arena.h"
#include "network_rest.h"
#include "yaml_doc.h"

/** Read {value: ..., source: ...} or {value: ..., assumed: why}; the value's node goes to *value.
 *  TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_network_fact_read(const tb_yaml_node *map, const char *name,
                                            tb_arena *arena, tb_fact *fact,
                                            const tb_yaml_node **value, tb_error *err);

/** The same for the value under `name` of a mapping, which must be there. */
TB_NODISCARD tb_status tb_network_fact_need(const tb_yaml_node *root, const char *name,
                                            tb_arena *arena, tb_fact *fact,
                                            const tb_yaml_node **value, tb_error *err);

/** What a file says of the rest of a network, below `rest` and `outside`; both may be absent.
 *  `rank` is the layout's, `layers` the network's. TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_network_rest_read(const tb_yaml_node *root, int rank, int64_t layers,
                                            tb_arena *arena, tb_network_rest *out, tb_error *err);

#endif
