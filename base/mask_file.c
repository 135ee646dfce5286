#include "mask_file.h"

#include "file.h"
#include "npy.h"
#include "pbm.h"

#include <stdint.h>

tb_status tb_mask_file_read(const char *path, tb_bit_matrix **out, tb_error *err)
{
    tb_file_bytes bytes;
    tb_status status = tb_file_read(path, SIZE_MAX, &bytes, err);
    if (status != TB_OK) {
        return status;
    }
    const char *name = tb_file_name(path);
    if (bytes.length > 0 && bytes.data[0] == 0x93) {
        status = tb_npy_parse_bits(bytes, name, out, err);
    } else if (bytes.length > 0 && bytes.data[0] == 'P') {
        status = tb_pbm_parse_bits(bytes, name, out, err);
    } else {
        status = tb_fail_at(err, TB_EFILE, name, 0, 0,
                            "%s; a mask must be a NumPy .npy of bool or uint8, or a PBM (P1, P4)",
                            bytes.length == 0 ? "an empty file" : "not a mask file");
    }
    tb_file_release(&bytes);
    return status;
}
