#include "block_mask.h"

#include "checked.h"
#include "document.h"
#include "file.h"
#include "npy.h"
#include "tile_view.h"

#include <stdio.h>
#include <stdlib.h>

/* The four arrays of a BlockMask. */
typedef struct block_mask {
    int64_t q_tiles, kv_tiles;
    int32_t *counts[2];  /* partial, full: one a query tile */
    int32_t *indices[2]; /* kv_tiles a query tile, ascending, the rest 0 */
} block_mask;

static void free_block_mask(block_mask *mask)
{
    for (int kind = 0; kind < 2; kind++) {
        free(mask->counts[kind]);
        free(mask->indices[kind]);
    }
}

static tb_status allocate(const tb_tile_view *view, block_mask *mask, tb_error *err)
{
    *mask = (block_mask){.q_tiles = tb_tile_view_q_tiles(view),
                         .kv_tiles = tb_tile_view_kv_tiles(view)};
    int64_t entries, bytes;
    if (mask->kv_tiles > INT32_MAX || !tb_mul_ok(mask->q_tiles, mask->kv_tiles, &entries) ||
        !tb_mul_ok(entries, (int64_t)sizeof(int32_t), &bytes)) {
        return tb_fail(err, TB_EINVAL,
                       "%lld x %lld tiles are too many for a block mask; use larger tiles",
                       (long long)mask->q_tiles, (long long)mask->kv_tiles);
    }
    bool complete = true;
    for (int kind = 0; kind < 2; kind++) {
        mask->counts[kind] = calloc((size_t)mask->q_tiles, sizeof(int32_t));
        mask->indices[kind] = calloc((size_t)entries, sizeof(int32_t));
        complete = complete && mask->counts[kind] != NULL && mask->indices[kind] != NULL;
    }
    if (!complete) {
        free_block_mask(mask);
        return tb_fail(err, TB_ENOMEM, "no memory for a block mask of %lld x %lld tiles",
                       (long long)mask->q_tiles, (long long)mask->kv_tiles);
    }
    return TB_OK;
}

static void fill_row(block_mask *mask, int64_t q, const tb_tile_row *row)
{
    for (int64_t k = tb_bits_next(row->visited, 0, mask->kv_tiles); k < mask->kv_tiles;
         k = tb_bits_next(row->visited, k + 1, mask->kv_tiles)) {
        int kind = tb_bits_get(row->full, k);
        int32_t *count = &mask->counts[kind][q];
        mask->indices[kind][q * mask->kv_tiles + *count] = (int32_t)k;
        (*count)++;
    }
}

static tb_status make_block_mask(const tb_problem *problem, const tb_pattern *pattern,
                                 const tb_tiling *tiling, block_mask *mask, tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_status status = tb_tile_view_create(problem, pattern, tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    status = scratch == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a block mask")
                             : allocate(view, mask, err);
    for (int64_t q = 0; status == TB_OK && q < mask->q_tiles; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        fill_row(mask, q, &row);
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    return status;
}

static const char *const kind_prefix[2] = {"", "full_"};

static tb_status write_array(const char *folder, const char *prefix, const char *name,
                             const int64_t *shape, size_t rank, const int32_t *values,
                             tb_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s%s.npy", folder, prefix, name) >= (int)sizeof path) {
        return tb_fail_at(err, TB_EIO, folder, 0, 0, "the path is too long; use a shorter one");
    }
    return tb_npy_write_i32(path, shape, rank, values, err);
}

tb_status tb_block_mask_write_npy(const tb_problem *problem, const tb_pattern *pattern,
                                  const tb_tiling *tiling, const char *folder, tb_error *err)
{
    block_mask mask = {0};
    tb_status status = make_block_mask(problem, pattern, tiling, &mask, err);
    if (status != TB_OK) {
        return status;
    }
    const int64_t shape[4] = {1, 1, mask.q_tiles, mask.kv_tiles};
    status = tb_file_make_directory(folder, err);
    for (int kind = 0; status == TB_OK && kind < 2; kind++) {
        status = write_array(folder, kind_prefix[kind], "kv_num_blocks", shape, 3,
                             mask.counts[kind], err);
        if (status == TB_OK) {
            status = write_array(folder, kind_prefix[kind], "kv_indices", shape, 4,
                                 mask.indices[kind], err);
        }
    }
    free_block_mask(&mask);
    return status;
}

static void put_lists(tb_document *doc, const block_mask *mask, int kind)
{
    char key[32];
    (void)snprintf(key, sizeof key, "%skv_num_blocks", kind_prefix[kind]);
    tb_document_open_array(doc, key);
    for (int64_t q = 0; q < mask->q_tiles; q++) {
        tb_document_int(doc, NULL, mask->counts[kind][q]);
    }
    tb_document_close(doc);
    (void)snprintf(key, sizeof key, "%skv_indices", kind_prefix[kind]);
    tb_document_open_array(doc, key);
    for (int64_t q = 0; q < mask->q_tiles; q++) {
        tb_document_open_array(doc, NULL);
        for (int32_t i = 0; i < mask->counts[kind][q]; i++) {
            tb_document_int(doc, NULL, mask->indices[kind][q * mask->kv_tiles + i]);
        }
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

tb_status tb_block_mask_json(const tb_problem *problem, const tb_pattern *pattern,
                             const tb_tiling *tiling, const char *version, tb_buffer *out,
                             tb_error *err)
{
    block_mask mask = {0};
    tb_status status = make_block_mask(problem, pattern, tiling, &mask, err);
    if (status != TB_OK) {
        return status;
    }
    tb_document *doc = tb_document_create("tile-lists", version);
    if (doc == NULL) {
        free_block_mask(&mask);
        return tb_fail(err, TB_ENOMEM, "no memory for a block mask");
    }
    size_t dims = (size_t)tb_tiling_dims(tiling, &problem->layout);
    tb_document_ints(doc, "q_tile", tiling->q_tile, dims);
    tb_document_ints(doc, "kv_tile", tiling->kv_tile, dims);
    tb_document_int(doc, "q_tiles", mask.q_tiles);
    tb_document_int(doc, "kv_tiles", mask.kv_tiles);
    put_lists(doc, &mask, 0);
    put_lists(doc, &mask, 1);
    status = tb_document_json(doc, out, err);
    tb_document_destroy(doc);
    free_block_mask(&mask);
    return status;
}
