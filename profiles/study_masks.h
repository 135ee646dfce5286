/* The mask files of a study, which decide its rows too. Internal to profiles/study*. */
#ifndef TB_STUDY_MASKS_H
#define TB_STUDY_MASKS_H

#include "study.h"

/** Append the mask files that entries and axes name, by path and checksum, a line each. One that
 *  cannot be read is noted as such: the rows of its points say why. */
void tb_study_masks_print(const tb_study *study, tb_buffer *out);

#endif
