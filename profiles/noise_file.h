/* The `noise` of a run in a profile: what was seen beside its samples. */
#ifndef TB_NOISE_FILE_H
#define TB_NOISE_FILE_H

#include "buffer.h"
#include "noise.h"
#include "yaml_doc.h"

/** Read the mapping; a NULL node leaves all unset. TB_OK; TB_EFILE with the position. */
TB_NODISCARD tb_status tb_noise_parse(const tb_yaml_node *map, tb_noise *out, tb_error *err);

/** Write it with its key, as a line of a run; nothing where no sample was looked at. */
void tb_noise_print(const tb_noise *noise, tb_buffer *out);

#endif
