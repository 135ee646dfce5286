#include "emu_attention.h"

#include "number.h"
#include "reference.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>

static void *random_tensor(gsl_rng *random, tb_dtype dtype, int64_t bytes, double size)
{
    int64_t elements = bytes / tb_dtype_bytes(dtype);
    void *made = malloc((size_t)bytes);
    assert_non_null(made);
    for (int64_t i = 0; i < elements; i++) {
        tb_number_store(dtype, made, i, (float)(size * (2 * gsl_rng_uniform(random) - 1)));
    }
    return made;
}

tb_emu_attention tb_emu_attention_create(gsl_rng *random, const tb_launch *launch,
                                         double logit_size)
{
    const tb_problem *p = &launch->problem;
    int64_t q = p->batch * tb_launch_q_tokens(launch) * p->heads;
    int64_t kv = p->batch * tb_launch_kv_tokens(launch) * p->heads_kv;
    int64_t element = tb_dtype_bytes(p->dtype);
    /* |q.k| / sqrt(dim) of uniform numbers of [-a, a] is about a^2 / 3 */
    double size = sqrt(3 * logit_size);
    tb_emu_attention made = {.launch = *launch,
                             .q_bytes = q * p->dim * element,
                             .k_bytes = kv * p->dim * element,
                             .v_bytes = kv * p->dim_value * element,
                             .o_bytes = q * p->dim_value * element,
                             .lse_bytes = q * (int64_t)sizeof(float)};
    made.q = random_tensor(random, p->dtype, made.q_bytes, size);
    made.k = random_tensor(random, p->dtype, made.k_bytes, size);
    made.v = random_tensor(random, p->dtype, made.v_bytes, 1);
    made.o = calloc(1, (size_t)made.o_bytes);
    made.lse = calloc(1, (size_t)made.lse_bytes);
    assert_non_null(made.o);
    assert_non_null(made.lse);
    return made;
}

void tb_emu_attention_free(tb_emu_attention *attention)
{
    free(attention->q);
    free(attention->k);
    free(attention->v);
    free(attention->o);
    free(attention->lse);
}

double tb_emu_attention_worst(const tb_emu_attention *attention, bool are_weights_rounded,
                              int64_t *visible)
{
    const tb_launch *launch = &attention->launch;
    const tb_problem *p = &launch->problem;
    tb_tensors tensors = {.q = attention->q,
                          .k = attention->k,
                          .v = attention->v,
                          .o = attention->o,
                          .lse = attention->lse};
    tb_reference_arithmetic arithmetic =
        are_weights_rounded ? TB_ARITHMETIC_TENSOR : TB_ARITHMETIC_FP32;
    double worst = 0, *room = calloc((size_t)(2 * p->dim_value), sizeof *room);
    assert_non_null(room);
    *visible = 0;
    for (int64_t i = 0; i < p->batch * tb_launch_q_tokens(launch) * p->heads; i++) {
        tb_reference_row row = {.head = i % p->heads,
                                .query = i / p->heads % tb_launch_q_tokens(launch),
                                .batch = i / p->heads / tb_launch_q_tokens(launch)};
        tb_reference reference = {.o = room, .abs_pv = room + p->dim_value};
        tb_error err;
        tb_assert_ok(tb_reference_rows(launch, &tensors, &row, 1, &reference, &err), &err);
        worst =
            fmax(worst, tb_reference_gpu_compare(launch, &tensors, &row, &reference, arithmetic));
        *visible += reference.visible;
    }
    free(room);
    return worst;
}
