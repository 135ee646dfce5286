/* The only code that opens files: whole reads, atomic writes, directory listings. */
#ifndef TB_FILE_H
#define TB_FILE_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/** Bytes of a file, mapped or read; release with tb_file_release(). */
typedef struct tb_file_bytes {
    const unsigned char *data; /* never NULL after a read that succeeded */
    size_t length;
    void *owned; /* internal: what tb_file_release() unmaps or frees */
    bool mapped; /* internal: munmap rather than free */
} tb_file_bytes;

/** What messages call `path`: "standard input" for "-". */
const char *tb_file_name(const char *path);

/**
 * Read a whole file ("-" = standard input). Large regular files are mapped, others read; a mapped
 * file that another process cuts short meanwhile ends this one (SIGBUS).
 *
 * @param[in]  max_bytes  a larger file is refused
 * @return TB_OK; TB_EFILE when absent, a directory, unreadable or larger; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_file_read(const char *path, size_t max_bytes, tb_file_bytes *out,
                                    tb_error *err);

/** Release what tb_file_read() gave; a zeroed struct is allowed. */
void tb_file_release(tb_file_bytes *bytes);

/**
 * Replace `path` by `length` bytes, whole or not at all: a temporary file beside it, then a rename.
 *
 * The calling thread's signals are blocked meanwhile, so that an interrupt leaves no temporary
 * file. A symbolic link stays and what it points at is replaced. A path that is not a regular file
 * (/dev/null, a pipe) is written in place. The old file's permissions are kept; a file that may not
 * be written is not replaced either. Nothing is flushed to the disk: a power cut may undo it.
 *
 * @return TB_OK; TB_EIO, with the old file as it was; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_file_replace(const char *path, const void *data, size_t length,
                                       tb_error *err);

/** Gives the next part of a file's bytes, to be written before the next call; *length 0 ends it. */
typedef tb_status tb_file_more_fn(void *user, const void **data, size_t *length, tb_error *err);

/**
 * As tb_file_replace(), with bytes that come part after part, so that they need not fit into
 * memory. The caller's signals stay blocked until the last one.
 *
 * @param[in] path  NULL = standard output
 * @return TB_OK; what `more` returns, or TB_EIO, with the old file as it was; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_file_replace_by_parts(const char *path, tb_file_more_fn *more, void *user,
                                                tb_error *err);

/** Write to standard output and see that it arrived. TB_OK or TB_EIO. */
TB_NODISCARD tb_status tb_file_write_stdout(const void *data, size_t length, tb_error *err);

/** Create a directory (one level); an existing one is fine. TB_OK or TB_EIO. */
TB_NODISCARD tb_status tb_file_make_directory(const char *path, tb_error *err);

/** Does `path` name something that exists? */
bool tb_file_exists(const char *path);

/** Do both name one file that exists, or is their text the same? */
bool tb_file_is_same(const char *a, const char *b);

/** Is `path` a directory? */
bool tb_file_is_directory(const char *path);

/**
 * Names in a directory that end in `suffix`, without it, sorted; arena-owned. Hidden files are left
 * out.
 *
 * @return TB_OK; TB_EFILE when the directory cannot be read; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_file_list(const char *directory, const char *suffix, tb_arena *arena,
                                    const char *const **names, size_t *count, tb_error *err);

#endif
