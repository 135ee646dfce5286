/* Portable bitmaps, plain (P1) and raw (P4): 1 = set. */
#ifndef TB_PBM_H
#define TB_PBM_H

#include "bits.h"
#include "file.h"

/** Parse a PBM; `name` is the file name of messages. TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_pbm_parse_bits(tb_file_bytes bytes, const char *name, tb_bit_matrix **out,
                                         tb_error *err);

#endif
