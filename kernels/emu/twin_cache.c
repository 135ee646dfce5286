#include "twin_cache.h"

#include "hash.h"
#include "twin_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MOST_BYTES ((size_t)64 << 20)

static void hash_sources(tb_hash *hash, const tb_cuda_source *sources)
{
    for (; sources->name != NULL; sources++) {
        tb_hash_text(hash, sources->name);
        tb_hash_text(hash, sources->text);
    }
}

/* A compiler that is replaced compiles anew: its file's size and time are part of the key. */
static void hash_compiler(tb_hash *hash, const char *path)
{
    struct stat file = {0};
    if (stat(path, &file) == 0) {
        tb_hash_bytes(hash, &file.st_size, sizeof file.st_size);
        tb_hash_bytes(hash, &file.st_mtime, sizeof file.st_mtime);
    }
}

/* The file of a twin; false where nothing is kept. */
static bool find_path(const tb_twin_recipe *recipe, char path[1024])
{
    const char *folder = getenv("TILEBOUND_TWIN_CACHE");
    tb_hash hash = tb_hash_begin();
    char key[33];
    if (folder == NULL || folder[0] == '\0' || tb_file_make_directory(folder, NULL) != TB_OK) {
        return false;
    }
    hash_compiler(&hash, recipe->arguments[0]);
    for (const char *const *argument = recipe->arguments; *argument != NULL; argument++) {
        tb_hash_text(&hash, *argument);
    }
    tb_hash_text(&hash, recipe->name);
    tb_hash_text(&hash, recipe->text);
    hash_sources(&hash, recipe->headers);
    hash_sources(&hash, tb_twin_sources);
    tb_hash_key(&hash, key);
    return snprintf(path, 1024, "%s/%s.so", folder, key) < 1024;
}

bool tb_twin_cache_read(const tb_twin_recipe *recipe, tb_file_bytes *image)
{
    char path[1024];
    return find_path(recipe, path) && tb_file_exists(path) &&
           tb_file_read(path, MOST_BYTES, image, NULL) == TB_OK;
}

void tb_twin_cache_write(const tb_twin_recipe *recipe, const tb_file_bytes *image)
{
    char path[1024];
    if (find_path(recipe, path)) {
        tb_status status = tb_file_replace(path, image->data, image->length, NULL);
        (void)status; /* the next process compiles again */
    }
}
