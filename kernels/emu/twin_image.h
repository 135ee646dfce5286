/* The object files of the twins that are open: the debug information that tells an instruction's
 * line is read from there when a fault needs it. */
#ifndef TB_TWIN_IMAGE_H
#define TB_TWIN_IMAGE_H

#include "scratch_folder.h"

#include <stdbool.h>

/** Write the object file of the twin that is loaded at `base` to a fresh folder. False when there
 *  is no such twin, or it cannot be written. */
bool tb_twin_image_write(const void *base, const char *name, tb_scratch_folder **folder);

#endif
