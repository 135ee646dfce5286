/* Compiles a kernel's source with the host compiler into the shared object that a twin is. */
#ifndef TB_TWIN_COMPILE_H
#define TB_TWIN_COMPILE_H

#include "buffer.h"
#include "cuda_sources.h"
#include "file.h"

/**
 * Compile a text, in a scratch folder that is gone afterwards. Where $TILEBOUND_TWIN_CACHE names a
 * folder, what was compiled of the same texts by the same compiler and options is taken from there.
 *
 * @param[in]  name     of the text, as the compiler calls it: a file name without a folder
 * @param[in]  headers  what it may include besides the emulator's own, ended by a name of NULL
 * @param[in]  options  NULL-ended; those that begin with -D are passed on; NULL for none
 * @param[out] log      what the compiler says is appended, of a success too but for a cached one
 * @param[out] image    the object's bytes, to be freed with tb_file_release()
 * @return TB_OK; TB_EINVAL for what does not compile: the compiler's first complaint;
 *         TB_EUNAVAILABLE without a compiler; TB_EIO; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_twin_compile(const char *name, const char *text,
                                       const tb_cuda_source *headers, const char *const *options,
                                       tb_buffer *log, tb_file_bytes *image, tb_error *err);

#endif
