#include "attention_case.h"

#include "arena.h"
#include "checked.h"
#include "mask_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

tb_case tb_case_default(void)
{
    return (tb_case){.problem = tb_problem_default(),
                     .pattern = tb_pattern_default(),
                     .baseline = TB_BASELINE_SELF};
}

/* The case owns its mask, though patterns only borrow theirs: this is the one place that frees it.
 */
static tb_bit_matrix *owned_mask(const tb_case *item)
{
    tb_bit_matrix *mask;
    memcpy(&mask, &item->pattern.mask, sizeof mask);
    return mask;
}

void tb_case_release(tb_case *item)
{
    tb_bit_matrix_destroy(owned_mask(item));
    item->pattern.mask = NULL;
    if (item->arena != NULL) {
        tb_arena_destroy(item->arena);
        item->arena = NULL;
        item->pattern = tb_pattern_default();
    }
    free(item->mask_path);
    item->mask_path = NULL;
}

static tb_status layout_from_mask(tb_case *item, const char *path, tb_error *err)
{
    const tb_bit_matrix *mask = item->pattern.mask;
    int64_t queries, keys;
    if (!tb_mul_ok(mask->rows, item->pattern.mask_block_q, &queries) ||
        !tb_mul_ok(mask->cols, item->pattern.mask_block_kv, &keys)) {
        return tb_fail(err, TB_EOVERFLOW,
                       "the mask's tokens pass 2^63 - 1; use smaller mask blocks");
    }
    if (queries != keys) {
        return tb_fail_at(err, TB_EFILE, path, 0, 0,
                          "a mask of %lld queries x %lld keys; it must be square, or the layout "
                          "given with --input-size",
                          (long long)queries, (long long)keys);
    }
    item->problem.layout = (tb_layout){.rank = 1, .extent = {queries}};
    return TB_OK;
}

static bool hides_all(const tb_bit_matrix *mask)
{
    for (int64_t r = 0; r < mask->rows; r++) {
        if (tb_bits_any(tb_bit_matrix_row(mask, r), 0, mask->cols)) {
            return false;
        }
    }
    return true;
}

/* A copy of a path that holds wherever it is read from later; NULL when memory is exhausted. */
static char *absolute(const char *path)
{
    char folder[4096] = "";
    bool is_relative = path[0] != '/' && getcwd(folder, sizeof folder) != NULL;
    size_t length = strlen(folder) + strlen(path) + 2;
    char *made = malloc(length);
    if (made != NULL) {
        (void)snprintf(made, length, "%s%s%s", is_relative ? folder : "", is_relative ? "/" : "",
                       path);
    }
    return made;
}

tb_status tb_case_set_mask(tb_case *item, const char *path, int64_t block_q, int64_t block_kv,
                           tb_error *err)
{
    if (block_q < 1 || block_kv < 1) {
        return tb_fail(err, TB_EINVAL, "a mask block of %lld x %lld; both must be at least 1",
                       (long long)block_q, (long long)block_kv);
    }
    tb_bit_matrix *mask = NULL;
    tb_status status = tb_mask_file_read(path, &mask, err);
    if (status != TB_OK) {
        return status;
    }
    if (hides_all(mask)) {
        tb_bit_matrix_destroy(mask);
        return tb_fail_at(err, TB_EFILE, path, 0, 0,
                          "the mask hides every pair; at least one must be visible");
    }
    char *kept = absolute(path);
    if (kept == NULL) {
        tb_bit_matrix_destroy(mask);
        return tb_fail(err, TB_ENOMEM, "no memory for a path");
    }
    tb_case_release(item);
    item->mask_path = kept;
    item->pattern.kind = TB_PATTERN_EXPLICIT;
    item->pattern.mask = mask;
    item->pattern.mask_block_q = block_q;
    item->pattern.mask_block_kv = block_kv;
    return item->problem.layout.rank == 0 ? layout_from_mask(item, path, err) : TB_OK;
}

static bool is_whole(const tb_pattern *pattern, const tb_layout *layout, int d)
{
    return (pattern->window[d] == TB_WHOLE_AXIS || pattern->window[d] == layout->extent[d]) &&
           pattern->stride[d] == 1 && pattern->dilation[d] == 1;
}

void tb_case_normalize(tb_case *item)
{
    tb_pattern *pattern = &item->pattern;
    const tb_layout *layout = &item->problem.layout;
    if (pattern->kind != TB_PATTERN_GNA) {
        return;
    }
    bool whole = true, causal = false;
    for (int d = 0; d < layout->rank; d++) {
        whole = whole && is_whole(pattern, layout, d);
        causal = causal || pattern->causal[d];
    }
    if (whole && !causal) {
        pattern->kind = TB_PATTERN_DENSE;
    } else if (whole && layout->rank == 1) {
        pattern->kind = TB_PATTERN_CAUSAL;
    }
    tb_pattern_resolve(pattern, layout);
}
