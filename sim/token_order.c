#include "token_order.h"

#include <stdlib.h>

typedef struct keyed_token {
    uint64_t key;
    int64_t token;
} keyed_token;

static int compare_keys(const void *left, const void *right)
{
    const keyed_token *a = left, *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

/* Bits that a coordinate of the largest extent needs, at least 1. */
static int coordinate_bits(const tb_layout *layout)
{
    int bits = 1;
    for (int d = 0; d < layout->rank; d++) {
        while (bits < 63 && (layout->extent[d] - 1) >> bits != 0) {
            bits++;
        }
    }
    return bits;
}

static uint64_t interleave(const uint64_t *x, int rank, int bits)
{
    uint64_t key = 0;
    for (int bit = bits - 1; bit >= 0; bit--) {
        for (int d = 0; d < rank; d++) {
            key = key << 1 | (x[d] >> bit & 1);
        }
    }
    return key;
}

/* Turn coordinates into the Hilbert index with its bits spread over the dimensions (Skilling's
 * "transpose"): undo the rotations from the largest cube inwards, then Gray-encode. */
static void hilbert_transpose(uint64_t *x, int rank, int bits)
{
    for (uint64_t side = UINT64_C(1) << (bits - 1); side > 1; side >>= 1) {
        uint64_t low = side - 1;
        for (int d = 0; d < rank; d++) {
            if (x[d] & side) {
                x[0] ^= low;
            } else {
                uint64_t swap = (x[0] ^ x[d]) & low;
                x[0] ^= swap;
                x[d] ^= swap;
            }
        }
    }
    for (int d = 1; d < rank; d++) {
        x[d] ^= x[d - 1];
    }
    uint64_t flip = 0;
    for (uint64_t side = UINT64_C(1) << (bits - 1); side > 1; side >>= 1) {
        if (x[rank - 1] & side) {
            flip ^= side - 1;
        }
    }
    for (int d = 0; d < rank; d++) {
        x[d] ^= flip;
    }
}

static uint64_t order_key(const tb_layout *layout, tb_token_order order, int64_t token, int bits)
{
    uint64_t x[TB_MAX_RANK];
    for (int d = layout->rank - 1; d >= 0; d--) {
        x[d] = (uint64_t)(token % layout->extent[d]);
        token /= layout->extent[d];
    }
    if (order == TB_ORDER_HILBERT) {
        hilbert_transpose(x, layout->rank, bits);
    }
    return interleave(x, layout->rank, bits);
}

tb_status tb_token_order_fill(const tb_layout *layout, tb_token_order order, int64_t *tokens,
                              tb_error *err)
{
    int64_t n = tb_layout_tokens(layout);
    if (order == TB_ORDER_ROW_MAJOR || layout->rank == 1) { /* a line has one order */
        for (int64_t i = 0; i < n; i++) {
            tokens[i] = i;
        }
        return TB_OK;
    }
    int bits = coordinate_bits(layout);
    if (bits * layout->rank > 64) {
        return tb_fail(
            err, TB_EINVAL,
            "a %s order over %d dimensions of up to %d bits; their bits must add up to at "
            "most 64",
            tb_token_order_names[order], layout->rank, bits);
    }
    keyed_token *keyed = calloc((size_t)n, sizeof *keyed);
    if (keyed == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an order of %lld tokens", (long long)n);
    }
    for (int64_t i = 0; i < n; i++) {
        keyed[i] = (keyed_token){.key = order_key(layout, order, i, bits), .token = i};
    }
    qsort(keyed, (size_t)n, sizeof *keyed, compare_keys);
    for (int64_t i = 0; i < n; i++) {
        tokens[i] = keyed[i].token;
    }
    free(keyed);
    return TB_OK;
}
