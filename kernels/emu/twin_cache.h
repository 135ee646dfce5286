/* Compiled twins on disk, for runs of many tests: in the folder that $TILEBOUND_TWIN_CACHE names,
 * which is made where it is missing. Without it nothing is kept. */
#ifndef TB_TWIN_CACHE_H
#define TB_TWIN_CACHE_H

#include "cuda_sources.h"
#include "file.h"

/** What a twin is compiled of. */
typedef struct tb_twin_recipe {
    const char *name; /* of the text */
    const char *text;
    const tb_cuda_source *headers; /* ended by a name of NULL */
    const char *const *arguments;  /* of the compiler, itself the first; NULL-ended */
} tb_twin_recipe;

/** Read a twin. False where there is none. *image is to be freed with tb_file_release(). */
bool tb_twin_cache_read(const tb_twin_recipe *recipe, tb_file_bytes *image);

/** Keep one, whole or not at all; that it cannot be written is no error. Runs at once may write the
 * same. */
void tb_twin_cache_write(const tb_twin_recipe *recipe, const tb_file_bytes *image);

#endif
