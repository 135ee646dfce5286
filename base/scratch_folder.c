#include "scratch_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

tb_status tb_scratch_folder_make(tb_scratch_folder *out, tb_error *err)
{
    const char *place = getenv("TMPDIR");
    tb_scratch_folder made = {0};
    place = place != NULL && place[0] != '\0' ? place : "/tmp";
    int length = snprintf(made.path, sizeof made.path, "%s/tilebound-XXXXXX", place);
    if (length < 0 || (size_t)length >= sizeof made.path) {
        return tb_fail(err, TB_EIO, "$TMPDIR is too long for temporary files");
    }
    sigset_t waiting;
    (void)sigemptyset(&waiting);
    (void)sigaddset(&waiting, SIGINT);
    (void)sigaddset(&waiting, SIGTERM);
    (void)sigaddset(&waiting, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &waiting, &made.before);
    if (mkdtemp(made.path) == NULL) {
        int failure = errno;
        (void)pthread_sigmask(SIG_SETMASK, &made.before, NULL);
        return tb_fail_at(err, TB_EIO, place, 0, 0,
                          "cannot make a temporary folder: %s; set TMPDIR to a place that you may "
                          "write to",
                          strerror(failure));
    }
    *out = made;
    return TB_OK;
}

void tb_scratch_folder_remove(tb_scratch_folder *folder)
{
    DIR *listing = opendir(folder->path);
    for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
    (void)rmdir(folder->path);
    (void)pthread_sigmask(SIG_SETMASK, &folder->before, NULL);
}
