/* Libraries of CUDA, opened where they are found, so that one binary runs with and without them. */
#ifndef TB_LIBRARY_H
#define TB_LIBRARY_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/** One call of a library, and where its pointer goes in the table of calls. */
typedef struct tb_library_call {
    const char *name;
    size_t at;
    bool is_optional; /* its pointer stays NULL where the library has it not */
} tb_library_call;

/** What is looked for. */
typedef struct tb_library_wanted {
    const char *what;          /* for messages: "NVRTC" */
    const char *const *names;  /* sonames, the best first; NULL-ended */
    const char *const *beside; /* beginnings of the names of libraries that it needs from its own
                                  folder and would not find there; NULL-ended, or NULL */
    bool is_of_toolkit;        /* look in the toolkit's folders too, not along the loader's path
                                  alone */
    const char *remedy;        /* what would help where there is none */
} tb_library_wanted;

/** An open library. It stays loaded for good: none of them promises to be unloadable. */
typedef struct tb_library {
    void *handle;
    char path[1024];  /* the file that was opened, or its name where the loader found it */
    bool is_emulated; /* the tests' library: what it measures says nothing of a GPU */
} tb_library;

/**
 * Open a library and find its calls: along the loader's path, then, of the toolkit, in $CUDA_HOME,
 * $CUDA_PATH, /usr/local/cuda (lib64, lib, targets/.../lib, extras/CUPTI/lib64) and in the Python
 * environment of $VIRTUAL_ENV (nvidia/.../lib). The first that has all calls is taken.
 *
 * @param[out] table  of pointers to functions; of use only on success
 * @return TB_OK; TB_EUNAVAILABLE saying where it was looked for, and what the first one found
 *         lacks; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_library_open(const tb_library_wanted *wanted,
                                       const tb_library_call *calls, size_t count, void *table,
                                       tb_library *out, tb_error *err);

/** The address of a symbol, to be copied into a pointer; false where there is none. */
bool tb_library_symbol(const tb_library *library, const char *name, void *to);

#endif
