/* Host twins: a kernel's source compiled by the host compiler for the emulator.
 *
 * The very text that the library embeds, with the very -D options of the variant, becomes a shared
 * object in a scratch folder; the program that opens it must export the emulator's symbols. */
#ifndef TB_TWIN_H
#define TB_TWIN_H

#include "emu.h"

typedef struct tb_twin tb_twin;

/**
 * Compile a source of cuda_sources.h and open it.
 *
 * The compiler is the one that built us, or $TILEBOUND_TWIN_CC.
 *
 * @param[in]  source   its name ("fmha_fwd.cu"); borrowed
 * @param[in]  options  NULL-ended; those that begin with -D are passed on; NULL for none; borrowed
 * @param[out] out      to be freed with tb_twin_destroy()
 * @return TB_OK; TB_EINVAL for a source that there is none of, or that does not compile: the
 *         compiler's first complaint; TB_EUNAVAILABLE without a compiler; TB_EIO; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_twin_create(const char *source, const char *const *options, tb_twin **out,
                                      tb_error *err);

/** As tb_twin_create(), of a text, which may include the headers of cuda_sources.h. `name` is what
 *  faults call it: a file name without a folder. */
TB_NODISCARD tb_status tb_twin_create_text(const char *name, const char *text,
                                           const char *const *options, tb_twin **out,
                                           tb_error *err);

/** Open a shared object that tb_twin_compile() has made; `image` is copied. TB_OK; TB_EINVAL for
 *  bytes that are none; TB_EIO; TB_ENOMEM. */
TB_NODISCARD tb_status tb_twin_create_image(const void *image, size_t bytes, tb_twin **out,
                                            tb_error *err);

void tb_twin_destroy(tb_twin *twin);

/** The entry of one of its kernels, or NULL. */
void (*tb_twin_entry(const tb_twin *twin, const char *kernel))(const void *params);

/** Bytes of the one parameter of a kernel that it has; 0 where it has not. */
size_t tb_twin_params_bytes(const tb_twin *twin, const char *kernel);

/** Threads of its CTAs, as it was compiled for; 0 for a kernel that it has not. */
int tb_twin_threads(const tb_twin *twin, const char *kernel);

#endif
