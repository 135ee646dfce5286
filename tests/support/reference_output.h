/* What a backend that is made up computes: the reference, for every row. */
#ifndef TB_REFERENCE_OUTPUT_H
#define TB_REFERENCE_OUTPUT_H

#include "backend.h"

/** Write o and lse of small tensors: at most 64 of dim_value. Fails the test on an error. */
void tb_test_reference_output(const tb_launch *launch, const tb_tensors *tensors);

#endif
