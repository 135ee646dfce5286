#include "input_store.h"

#include "random_tensor.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define TENSORS   3

typedef struct input_set {
    tb_inputs inputs; /* the first member: what callers have is a set */
    tb_input_shape shape;
    void *owned[TENSORS];
    int64_t users;
    struct input_set *next;
} input_set;

struct tb_input_store {
    input_set *sets;
};

tb_input_store *tb_input_store_create(void)
{
    return calloc(1, sizeof(tb_input_store));
}

static void destroy_set(input_set *set)
{
    for (int i = 0; i < TENSORS; i++) {
        free(set->owned[i]);
    }
    free(set);
}

/* Free what nobody has. */
static void drop_unused(tb_input_store *store)
{
    for (input_set **at = &store->sets; *at != NULL;) {
        input_set *set = *at;
        if (set->users == 0) {
            *at = set->next;
            destroy_set(set);
        } else {
            at = &set->next;
        }
    }
}

void tb_input_store_destroy(tb_input_store *store)
{
    if (store != NULL) {
        drop_unused(store);
        free(store);
    }
}

static bool same_shape(const tb_input_shape *a, const tb_input_shape *b)
{
    return a->dtype == b->dtype && a->seed == b->seed &&
           memcmp(a->elements, b->elements, sizeof a->elements) == 0;
}

static tb_status fill_set(input_set *set, tb_error *err)
{
    uint64_t random = set->shape.seed;
    tb_status status = TB_OK;
    for (int i = 0; i < TENSORS && status == TB_OK; i++) {
        int64_t elements = set->shape.elements[i];
        size_t bytes = (size_t)elements * (size_t)tb_dtype_bytes(set->shape.dtype);
        size_t rounded = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
        set->owned[i] = aligned_alloc(ALIGNMENT, rounded);
        if (set->owned[i] == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for a tensor of %zu bytes", bytes);
        }
        set->inputs.tensor[i] = set->owned[i];
        set->inputs.bytes += (int64_t)rounded;
        status = tb_random_fill(set->shape.dtype, set->owned[i], elements, &random, err);
    }
    return status;
}

tb_status tb_inputs_take(tb_input_store *store, const tb_input_shape *shape, const tb_inputs **out,
                         tb_error *err)
{
    for (input_set *set = store->sets; set != NULL; set = set->next) {
        if (same_shape(&set->shape, shape)) {
            set->users++;
            *out = &set->inputs;
            return TB_OK;
        }
    }
    drop_unused(store);
    input_set *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for inputs");
    }
    made->shape = *shape;
    made->users = 1;
    tb_status status = fill_set(made, err);
    if (status != TB_OK) {
        destroy_set(made);
        return status;
    }
    made->next = store->sets;
    store->sets = made;
    *out = &made->inputs;
    return TB_OK;
}

void tb_inputs_give_back(tb_input_store *store, const tb_inputs *inputs)
{
    input_set *given = store->sets;
    while (given != NULL && &given->inputs != inputs) {
        given = given->next;
    }
    if (given == NULL) {
        return;
    }
    if (given->users == 1) { /* it is the one that is kept */
        drop_unused(store);
    }
    given->users--;
}
