/* The header of a .npy file: magic, version and a Python dictionary. */
#ifndef TB_NPY_HEADER_H
#define TB_NPY_HEADER_H

#include "file.h"

#include <stdint.h>

/** A header of a 2-D array of one-byte elements. */
typedef struct tb_npy_header {
    int64_t rows, cols; /* >= 1 */
    bool fortran_order; /* column after column */
    size_t data_offset; /* where the elements begin; at most the file's length */
} tb_npy_header;

/** Parse the header of a mask (see tb_npy_parse_bits()). TB_OK or TB_EFILE. */
TB_NODISCARD tb_status tb_npy_parse_header(tb_file_bytes bytes, const char *name,
                                           tb_npy_header *out, tb_error *err);

#endif
