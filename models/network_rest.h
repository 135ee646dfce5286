/* What a network does beside self attention: linear layers, cross attention, passes over memory,
 * and what runs outside its layers. Read from network files. */
#ifndef TB_NETWORK_REST_H
#define TB_NETWORK_REST_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One value of a network file with its source. */
typedef struct tb_fact {
    const char *name;
    const char *value;  /* as written */
    const char *source; /* of an assumed fact: why it was assumed */
    bool is_assumed;
} tb_fact;

/** A matrix of weights: every token's `in` features become `out`. */
typedef struct tb_linear {
    int64_t in, out;
} tb_linear;

/** The tokens that a part works on. */
typedef enum tb_rest_tokens {
    TB_REST_LAYOUT, /* those of the layout */
    TB_REST_TEXT,   /* those of the prompt */
    TB_REST_BOTH,
    TB_REST_COUNT_GIVEN /* as many as the file says, whatever the layout */
} tb_rest_tokens;

/** Words of the file for the first three. */
#define TB_REST_WORD_COUNT 3
extern const char *const tb_rest_token_words[TB_REST_WORD_COUNT];

/** Work that some layers repeat. */
typedef struct tb_rest_part {
    const char *name;
    int64_t layers; /* that have it */
    tb_rest_tokens on;
    int64_t tokens; /* of TB_REST_COUNT_GIVEN */
    const tb_linear *linear;
    size_t linear_count;
    double passes;     /* over memory: `width` elements a token, each read or written */
    bool attends_text; /* dense cross attention of these tokens to the prompt's */
    const char *source;
    bool is_assumed;
} tb_rest_part;

/** A published run of the whole network that tells how long it spends outside its layers. */
typedef struct tb_outside_run {
    bool given;
    const char *what;      /* runs there */
    const char *device;    /* a known name */
    const char *case_name; /* of the network's, or "dense" */
    int64_t dense_steps;
    int q_dims, kv_dims; /* tiles that the run had; 0 = the kernel's default */
    int64_t q_tile[TB_MAX_RANK], kv_tile[TB_MAX_RANK];
    double total_s;
    tb_fact total;
} tb_outside_run;

#define TB_REST_FACT_COUNT 4

typedef struct tb_network_rest {
    bool given;
    int64_t width;       /* features of a token between layers */
    int64_t text_tokens; /* of the prompt */
    int64_t forwards;    /* through all layers, for one generation */
    bool permutes_once;  /* the tokens around all layers; else around every layer's attention */
    tb_fact facts[TB_REST_FACT_COUNT]; /* width, text_tokens, forwards, permutation */
    const tb_rest_part *parts;
    size_t part_count;
    tb_outside_run outside;
} tb_network_rest;

/** Does the rest hold a value without a source? */
bool tb_network_rest_is_assumed(const tb_network_rest *rest);

#endif
