/* Inputs of equal shapes are made once, and are those that a launch by itself would have. */
#include "input_store.h"
#include "random_tensor.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static const tb_input_shape shape = {
    .dtype = TB_DTYPE_BF16, .elements = {300, 200, 100}, .seed = 7};

static const tb_inputs *take(tb_input_store *store, const tb_input_shape *of)
{
    const tb_inputs *inputs = NULL;
    tb_error err;
    tb_assert_ok(tb_inputs_take(store, of, &inputs, &err), &err);
    return inputs;
}

static void inputs__of_a_shape_are_shared(void **state)
{
    (void)state;
    tb_input_store *store = tb_input_store_create();
    tb_input_shape longer = shape, other = shape;
    longer.elements[2]++;
    other.seed++;
    const tb_inputs *one = take(store, &shape), *same = take(store, &shape);
    const tb_inputs *two = take(store, &longer), *three = take(store, &other);
    assert_ptr_equal(one, same);
    assert_ptr_not_equal(one, two);
    assert_ptr_not_equal(one, three);
    assert_true(one->bytes >= 1200);
    tb_inputs_give_back(store, one);
    assert_ptr_equal(take(store, &shape), one); /* the other user has it still */
    tb_inputs_give_back(store, one);
    tb_inputs_give_back(store, same);
    tb_inputs_give_back(store, two);
    tb_inputs_give_back(store, three);
    tb_input_store_destroy(store);
    tb_input_store_destroy(NULL);
}

/* The last that is given back waits for the next; what waited before it goes. */
static void inputs__that_nobody_has_wait_for_one_more(void **state)
{
    (void)state;
    tb_input_store *store = tb_input_store_create();
    tb_input_shape other = shape;
    other.seed++;
    const tb_inputs *one = take(store, &shape);
    const void *q = one->tensor[0];
    tb_inputs_give_back(store, one);
    assert_ptr_equal(take(store, &shape), one);
    assert_ptr_equal(one->tensor[0], q);
    tb_inputs_give_back(store, one);
    const tb_inputs *two = take(store, &other);
    tb_inputs_give_back(store, two);
    tb_input_store_destroy(store);
}

static void inputs__are_drawn_one_after_another(void **state)
{
    (void)state;
    tb_input_store *store = tb_input_store_create();
    const tb_inputs *inputs = take(store, &shape);
    uint64_t random = shape.seed;
    tb_error err;
    for (int i = 0; i < 3; i++) {
        size_t bytes = 2 * (size_t)shape.elements[i];
        void *want = malloc(bytes);
        assert_non_null(want);
        tb_assert_ok(tb_random_fill(shape.dtype, want, shape.elements[i], &random, &err), &err);
        assert_memory_equal(inputs->tensor[i], want, bytes);
        assert_int_equal((uintptr_t)inputs->tensor[i] % 64, 0);
        free(want);
    }
    tb_inputs_give_back(store, inputs);
    tb_input_store_destroy(store);
}

TB_TESTS(cmocka_unit_test(inputs__of_a_shape_are_shared),
         cmocka_unit_test(inputs__that_nobody_has_wait_for_one_more),
         cmocka_unit_test(inputs__are_drawn_one_after_another));
