/* Temporary folders: made for one piece of work, emptied and removed after it. */
#ifndef TB_SCRATCH_FOLDER_H
#define TB_SCRATCH_FOLDER_H

#include "status.h"

typedef struct tb_scratch_folder tb_scratch_folder;

/**
 * Make a folder of a fresh name in $TMPDIR, else /tmp, that only this user may enter. Until
 * tb_scratch_folder_remove() the calling thread's signals wait, so that an interrupt leaves nothing
 * behind.
 *
 * @return TB_OK; TB_EIO; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_scratch_folder_make(tb_scratch_folder **out, tb_error *err);

/** Its path, which lives as long as it does. */
const char *tb_scratch_folder_path(const tb_scratch_folder *folder);

/** Remove the folder and the files in it, and let signals through again; NULL is allowed. */
void tb_scratch_folder_remove(tb_scratch_folder *folder);

#endif
