/* Networks: layout, heads and layers, and which pattern each layer has. Data in networks/. */
#ifndef TB_NETWORK_H
#define TB_NETWORK_H

#include "network_rest.h"
#include "pattern.h"
#include "problem.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/** Layers that share a pattern in one case. */
typedef struct tb_layer_group {
    const char *pattern_name;
    tb_pattern pattern;    /* gna */
    const int64_t *layers; /* ascending, from 0 */
    size_t layer_count;
    int64_t heads; /* of each layer that have this pattern: the network's, unless heads differ */
    bool is_first; /* of the groups that these layers have; a pattern of heads makes several */
} tb_layer_group;

/** A way to assign a pattern to every layer. */
typedef struct tb_network_case {
    const char *name;
    const tb_layer_group *groups;
    size_t group_count;
} tb_network_case;

typedef struct tb_network {
    const char *name;
    const char *summary;
    const char *source;
    tb_layout layout;
    int64_t heads;
    int64_t dim;
    int64_t layers;
    const tb_fact *facts; /* layout, heads, dim and layers first, then the file's `facts` */
    size_t fact_count;
    const tb_network_case *cases;
    size_t case_count;
    tb_network_rest rest;   /* rest.given: the file describes it */
    struct tb_yaml *file;   /* owned */
    struct tb_arena *arena; /* owned */
} tb_network;

/** Load a network by known name or path; free with tb_network_destroy().
 *  TB_OK; TB_EINVAL for an unknown name; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_network_load(const char *name, tb_network **out, tb_error *err);

/** Free a network; NULL is allowed. */
void tb_network_destroy(tb_network *network);

/** A run of `outside` with dense attention in every layer names this case. */
#define TB_DENSE_CASE "dense"

/** The case of a name, or NULL. */
const tb_network_case *tb_network_find_case(const tb_network *network, const char *name);

/** The first group of a case that holds layer `layer`, or NULL; groups of the same layers follow
 *  it, with is_first false. */
const tb_layer_group *tb_network_layer(const tb_network_case *which, int64_t layer);

#endif
