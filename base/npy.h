/* NumPy .npy files: boolean matrices in, small integer arrays out. */
#ifndef TB_NPY_H
#define TB_NPY_H

#include "bits.h"
#include "file.h"

/**
 * Parse a 2-D .npy of dtype bool or uint8/int8 (format 1.0 to 3.0, C or Fortran order); non-zero =
 * set. The bytes must hold exactly what the header says.
 *
 * @param[in] name  file name of messages
 * @return TB_OK; TB_EFILE; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_npy_parse_bits(tb_file_bytes bytes, const char *name, tb_bit_matrix **out,
                                         tb_error *err);

/**
 * Write an int32 array ('<i4', C order, format 1.0) atomically.
 *
 * @param[in] shape, rank  extents, rank 1 to 8
 * @param[in] values       as many as the shape's product
 */
TB_NODISCARD tb_status tb_npy_write_i32(const char *path, const int64_t *shape, size_t rank,
                                        const int32_t *values, tb_error *err);

#endif
