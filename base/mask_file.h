/* A mask file: .npy or PBM, told apart by its first bytes. */
#ifndef TB_MASK_FILE_H
#define TB_MASK_FILE_H

#include "bits.h"

/** Read a bit matrix from a .npy or PBM file. TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_mask_file_read(const char *path, tb_bit_matrix **out, tb_error *err);

#endif
