/* Tensors of random numbers: never of zeros, for data changes a GPU's power, and so its clock. */
#ifndef TB_RANDOM_TENSOR_H
#define TB_RANDOM_TENSOR_H

#include "problem.h"
#include "status.h"

#include <stdint.h>

/** splitmix64 (Steele, Lea and Flood, OOPSLA 2014): one word after another of a seed. */
uint64_t tb_random_word(uint64_t *state);

/**
 * Fill a tensor with numbers that are uniform on (-sqrt(3), sqrt(3)): mean 0, variance 1.
 *
 * Elements of 16 bits take a quarter of a word each, so that a tensor of a GiB takes half a second.
 *
 * @param[in]     dtype   fp32, fp16 or bf16
 * @param[out]    tensor  room for `elements`
 * @param[in,out] state   of the generator: words are drawn one after another
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_random_fill(tb_dtype dtype, void *tensor, int64_t elements,
                                      uint64_t *state, tb_error *err);

#endif
