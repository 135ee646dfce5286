/* Compiled kernels on disk, by what they were compiled of: $XDG_CACHE_HOME/tilebound/images, else
 * ~/.cache/tilebound/images. */
#ifndef TB_IMAGE_CACHE_H
#define TB_IMAGE_CACHE_H

#include "nvrtc.h"

/** The file of a variant compiled for an architecture. */
typedef struct tb_image_place {
    char path[1024]; /* "" where there is no place for a cache */
    char key[33];    /* 32 hexadecimal digits: of the sources' texts, the options, the architecture
                        and the compiler's version */
} tb_image_place;

/** @param[in] is_emulated  the compiler is the tests': its images are no cubins */
void tb_image_place_find(const tb_cuda_variant *variant, int sm, const char *compiler,
                         bool is_emulated, tb_image_place *out);

/** Read an image. False where there is none, or it is damaged, or its key is another. *out has no
 *  log and is to be released with tb_cubin_release(). */
bool tb_image_read(const tb_image_place *place, tb_cubin *out);

/** Write one, whole or not at all; that it cannot be written is no error. Runs at once may write
 * the same. */
void tb_image_write(const tb_image_place *place, const tb_cubin *cubin);

#endif
