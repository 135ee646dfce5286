/* NVRTC, CUDA's run-time compiler: opened where it is found, so that a binary runs without it, and
 * handed nothing but the texts of cuda_sources.h. */
#ifndef TB_NVRTC_H
#define TB_NVRTC_H

#include "cuda_variant.h"
#include "ptxas_log.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tb_nvrtc tb_nvrtc; /* an open library; calls may come from several threads */

/**
 * Open libnvrtc.so.13, else .12: along the loader's path, then in the toolkit's folders
 * ($CUDA_HOME, $CUDA_PATH, /usr/local/cuda; in each lib64, lib and targets/.../lib).
 *
 * The library stays loaded when it is closed: it does not promise to be unloadable.
 *
 * @return TB_OK; TB_EUNAVAILABLE saying where it was looked for; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_nvrtc_open(tb_nvrtc **out, tb_error *err);
void tb_nvrtc_close(tb_nvrtc *nvrtc);

/** The file that was opened, or its name where the loader found it. */
const char *tb_nvrtc_path(const tb_nvrtc *nvrtc);

/** Does it compile for sm_`sm`? */
bool tb_nvrtc_knows(const tb_nvrtc *nvrtc, int sm);

/** Its own version: 13, 0. */
void tb_nvrtc_version(const tb_nvrtc *nvrtc, int *major, int *minor);

/** Is it the library of the tests, whose images are no cubins? */
bool tb_nvrtc_is_emulated(const tb_nvrtc *nvrtc);

/** What became of a variant. */
typedef struct tb_cubin {
    unsigned char *data; /* owned */
    size_t bytes;
    char *log;         /* owned; what the compilers said */
    char compiler[32]; /* the compiler's own version, "13.0.88"; "13.0" where the cubin does not
                          tell more */
    bool is_ptx; /* for a newer GPU than the compiler knows: the driver compiles on, and `usage` is
                    not known */
    tb_ptxas_usage usage;
} tb_cubin;

/**
 * Compile a variant for one architecture.
 *
 * Headers are those of cuda_sources.h, in memory. For an architecture newer than all that this
 * NVRTC knows, PTX of the newest known is made, ended by a NUL.
 *
 * @param[in]  sm   80, 90, ...
 * @param[out] out  to be released with tb_cubin_release()
 * @return TB_OK; TB_EINVAL for a source or a header that there is none of, and for a source that
 *         does not compile, with the compiler's first complaint; TB_EUNAVAILABLE for an
 *         architecture older than it knows, or between those; TB_EINTERNAL where NVRTC fails
 * otherwise; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_nvrtc_compile(const tb_nvrtc *nvrtc, const tb_cuda_variant *variant,
                                        int sm, tb_cubin *out, tb_error *err);

/** Free what tb_nvrtc_compile() gave; a zeroed struct is allowed. */
void tb_cubin_release(tb_cubin *cubin);

#endif
