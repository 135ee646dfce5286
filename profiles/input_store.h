/* Inputs of launches: those of equal shapes and seeds have the same numbers, and so share their
 * memory. To make them takes longer than most launches. */
#ifndef TB_INPUT_STORE_H
#define TB_INPUT_STORE_H

#include "problem.h"
#include "status.h"

#include <stdint.h>

/** What inputs are made of. */
typedef struct tb_input_shape {
    tb_dtype dtype;
    int64_t elements[3]; /* of Q, K and V */
    uint64_t seed;
} tb_input_shape;

/** Q, K and V: random numbers of mean 0 and variance 1, drawn one after another. */
typedef struct tb_inputs {
    const void *tensor[3]; /* aligned to 64 bytes */
    int64_t bytes;
} tb_inputs;

typedef struct tb_input_store tb_input_store;

/** NULL without memory. */
tb_input_store *tb_input_store_create(void);

/** Free a store, all of whose inputs have been given back; NULL is allowed. */
void tb_input_store_destroy(tb_input_store *store);

/** Take inputs of a shape, made where there are none. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_inputs_take(tb_input_store *store, const tb_input_shape *shape,
                                      const tb_inputs **out, tb_error *err);

/** Give them back. Of inputs that nobody has, the store keeps the last. */
void tb_inputs_give_back(tb_input_store *store, const tb_inputs *inputs);

#endif
