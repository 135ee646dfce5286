#include "scratch_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tb_scratch_folder {
    char path[512];
    sigset_t before; /* the signals that the thread blocked */
};

/* Signals that would end us wait; what was blocked before is kept. */
static void hold_signals(sigset_t *before)
{
    sigset_t waiting;
    (void)sigemptyset(&waiting);
    (void)sigaddset(&waiting, SIGINT);
    (void)sigaddset(&waiting, SIGTERM);
    (void)sigaddset(&waiting, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &waiting, before);
}

tb_status tb_scratch_folder_make(tb_scratch_folder **out, tb_error *err)
{
    const char *place = getenv("TMPDIR");
    tb_scratch_folder *made = malloc(sizeof *made);
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a temporary folder");
    }
    place = place != NULL && place[0] != '\0' ? place : "/tmp";
    int length = snprintf(made->path, sizeof made->path, "%s/tilebound-XXXXXX", place);
    if (length < 0 || (size_t)length >= sizeof made->path) {
        free(made);
        return tb_fail(err, TB_EIO, "$TMPDIR is too long for temporary files");
    }
    hold_signals(&made->before);
    if (mkdtemp(made->path) == NULL) {
        int failure = errno;
        (void)pthread_sigmask(SIG_SETMASK, &made->before, NULL);
        free(made);
        return tb_fail_at(err, TB_EIO, place, 0, 0,
                          "cannot make a temporary folder: %s; set TMPDIR to a place that you may "
                          "write to",
                          strerror(failure));
    }
    *out = made;
    return TB_OK;
}

const char *tb_scratch_folder_path(const tb_scratch_folder *folder)
{
    return folder->path;
}

void tb_scratch_folder_remove(tb_scratch_folder *folder)
{
    if (folder == NULL) {
        return;
    }
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
    free(folder);
}
