#include "reference_output.h"

#include "number.h"
#include "reference.h"
#include "test_support.h"

void tb_test_reference_output(const tb_launch *launch, const tb_tensors *tensors)
{
    const tb_problem *p = &launch->problem;
    double o[64], abs_pv[64];
    int64_t queries = tb_launch_q_tokens(launch);
    assert_true(p->dim_value <= 64);
    for (int64_t i = 0; i < p->batch * p->heads * queries; i++) {
        tb_reference_row row = {.batch = i / (p->heads * queries),
                                .head = i / queries % p->heads,
                                .query = i % queries};
        tb_reference reference = {.o = o, .abs_pv = abs_pv};
        tb_error err;
        tb_assert_ok(tb_reference_rows(launch, tensors, &row, 1, &reference, &err), &err);
        int64_t at = (row.batch * queries + row.query) * p->heads + row.head;
        for (int64_t d = 0; d < p->dim_value; d++) {
            tb_number_store(p->dtype, tensors->o, at * p->dim_value + d, (float)o[d]);
        }
        tensors->lse[at] = (float)reference.lse;
    }
}
