#include "image_cache.h"

#include "cuda_sources.h"
#include "file.h"
#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC           "tilebound image 1"
#define MOST_BYTES      ((size_t)256 << 20)
#define HEADER_CAPACITY 512

static void find_key(const tb_cuda_variant *variant, int sm, const char *compiler, bool is_emulated,
                     char key[33])
{
    tb_hash h = tb_hash_begin();
    char target[64];
    for (const tb_cuda_source *source = tb_cuda_sources; source->name != NULL; source++) {
        tb_hash_text(&h, source->name);
        tb_hash_text(&h, source->text);
    }
    tb_hash_text(&h, variant->source);
    tb_hash_text(&h, variant->kernel);
    for (const char *const *option = variant->options; *option != NULL; option++) {
        tb_hash_text(&h, *option);
    }
    (void)snprintf(target, sizeof target, "sm_%d%s", sm, is_emulated ? " emulated" : "");
    tb_hash_text(&h, target);
    tb_hash_text(&h, compiler);
    tb_hash_key(&h, key);
}

/* A folder and those above it, as far as they are ours to make. */
static bool make_folders(const char *cache, const char *folder)
{
    char middle[1024];
    (void)snprintf(middle, sizeof middle, "%s/tilebound", cache);
    return tb_file_make_directory(cache, NULL) == TB_OK &&
           tb_file_make_directory(middle, NULL) == TB_OK &&
           tb_file_make_directory(folder, NULL) == TB_OK;
}

static bool find_folder(char *folder, size_t capacity)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char under_home[512];
    if (cache == NULL || cache[0] != '/') { /* as the XDG specification says: else ignored */
        if (home == NULL || home[0] != '/' || strlen(home) > sizeof under_home / 2) {
            return false;
        }
        (void)snprintf(under_home, sizeof under_home, "%s/.cache", home);
        cache = under_home;
    }
    return strlen(cache) < capacity / 2 &&
           snprintf(folder, capacity, "%s/tilebound/images", cache) < (int)capacity &&
           make_folders(cache, folder);
}

void tb_image_place_find(const tb_cuda_variant *variant, int sm, const char *compiler,
                         bool is_emulated, tb_image_place *out)
{
    char folder[768];
    out->path[0] = '\0';
    find_key(variant, sm, compiler, is_emulated, out->key);
    if (find_folder(folder, sizeof folder)) {
        (void)snprintf(out->path, sizeof out->path, "%s/%s", folder, out->key);
    }
}

static uint64_t checksum(const unsigned char *data, size_t bytes)
{
    tb_hash h = tb_hash_begin();
    tb_hash_bytes(&h, data, bytes);
    return h.a;
}

/* What goes before the image; one NUL ends it. */
static size_t print_header(const tb_image_place *place, const tb_cubin *cubin,
                           char header[HEADER_CAPACITY])
{
    const tb_ptxas_usage *usage = &cubin->usage;
    int length =
        snprintf(header, HEADER_CAPACITY, MAGIC "\n%s\n%s\n%lld %lld %lld %lld %lld\n%zu %016llx\n",
                 place->key, cubin->compiler, (long long)usage->registers,
                 (long long)usage->stack_bytes, (long long)usage->spill_store_bytes,
                 (long long)usage->spill_load_bytes, (long long)usage->static_shared_bytes,
                 cubin->bytes, (unsigned long long)checksum(cubin->data, cubin->bytes));
    return length > 0 && length < HEADER_CAPACITY ? (size_t)length + 1 : 0;
}

/* Where the image begins in a file; 0 for a damaged header. */
static size_t read_header(const tb_image_place *place, const tb_file_bytes *file, tb_cubin *out,
                          unsigned long long *sum)
{
    char header[HEADER_CAPACITY] = "", key[33] = "";
    long long usage[5];
    size_t length = 0;
    while (length < file->length && length < sizeof header - 1 && file->data[length] != '\0') {
        header[length] = (char)file->data[length];
        length++;
    }
    if (sscanf(header, MAGIC "\n%32[0-9a-f]\n%31[0-9.]\n%lld %lld %lld %lld %lld\n%zu %llx", key,
               out->compiler, &usage[0], &usage[1], &usage[2], &usage[3], &usage[4], &out->bytes,
               sum) != 9 ||
        strcmp(key, place->key) != 0 || file->length - length - 1 != out->bytes) {
        return 0;
    }
    out->usage = (tb_ptxas_usage){.registers = usage[0],
                                  .stack_bytes = usage[1],
                                  .spill_store_bytes = usage[2],
                                  .spill_load_bytes = usage[3],
                                  .static_shared_bytes = usage[4]};
    return length + 1;
}

static bool read_image(const tb_image_place *place, const tb_file_bytes *file, tb_cubin *out)
{
    unsigned long long sum = 0;
    size_t at = read_header(place, file, out, &sum);
    if (at == 0 || checksum(file->data + at, out->bytes) != sum) {
        return false;
    }
    out->data = malloc(out->bytes + 1);
    if (out->data == NULL) {
        return false;
    }
    memcpy(out->data, file->data + at, out->bytes);
    out->data[out->bytes] = '\0'; /* an image of PTX is a text */
    return true;
}

bool tb_image_read(const tb_image_place *place, tb_cubin *out)
{
    tb_file_bytes file = {0};
    tb_cubin cubin = {0};
    if (place->path[0] == '\0' || !tb_file_exists(place->path) ||
        tb_file_read(place->path, MOST_BYTES, &file, NULL) != TB_OK) {
        return false;
    }
    bool is_good = read_image(place, &file, &cubin);
    tb_file_release(&file);
    if (is_good) {
        *out = cubin;
    }
    return is_good;
}

void tb_image_write(const tb_image_place *place, const tb_cubin *cubin)
{
    char header[HEADER_CAPACITY];
    size_t length = print_header(place, cubin, header);
    unsigned char *file =
        place->path[0] == '\0' || length == 0 ? NULL : malloc(length + cubin->bytes);
    if (file == NULL) {
        return;
    }
    memcpy(file, header, length);
    memcpy(file + length, cubin->data, cubin->bytes);
    bool is_written = tb_file_replace(place->path, file, length + cubin->bytes, NULL) == TB_OK;
    (void)is_written; /* the next process compiles again */
    free(file);
}
