/* Which variant a step runs. */
#include "cuda_program_parts.h"

#include <stdio.h>
#include <string.h>

static int sm_of(tb_cuda_arch arch)
{
    for (int i = 0; i < TB_CUDA_ARCH_COUNT; i++) {
        if ((unsigned)arch == 1U << i) {
            return tb_cuda_arch_sm[i];
        }
    }
    return 0;
}

/* 0 stands for any. */
static bool holds(int compiled, int64_t wanted)
{
    return compiled == 0 || wanted <= compiled;
}

static bool is_tile(int compiled, int64_t wanted)
{
    return compiled == 0 || wanted == compiled;
}

/* Does the variant serve, whatever head dims and tiles? */
static bool is_far(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted,
                   const tb_cuda_variant *variant)
{
    return strcmp(variant->kernel, wanted->kernel) == 0 &&
           (wanted->is_any_dtype || variant->dtype == wanted->dtype) &&
           (variant->arches & (unsigned)plan->device.arch) != 0;
}

/* Does the variant serve, whatever the tiles? */
static bool is_near(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted,
                    const tb_cuda_variant *variant)
{
    return is_far(plan, wanted, variant) && holds(variant->dim, wanted->dim) &&
           holds(variant->dim_value, wanted->dim_value);
}

static bool has_tiles(const tb_cuda_wanted *wanted, const tb_cuda_variant *variant)
{
    return is_tile(variant->q_tile, wanted->q_tile) && is_tile(variant->kv_tile, wanted->kv_tile);
}

/* Tiles of the variants that serve but for the tiles, each once, as "128 x 64, 64 x 64". */
static void list_tiles(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted, char *text,
                       size_t size)
{
    size_t used = 0;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *variant = &tb_cuda_variants[i];
        char tiles[48];
        (void)snprintf(tiles, sizeof tiles, "%d x %d", variant->q_tile, variant->kv_tile);
        if (!is_near(plan, wanted, variant) || strstr(text, tiles) != NULL ||
            used + strlen(tiles) + 3 > size) {
            continue;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", tiles);
    }
}

/* No variant has such head dims: what the largest are. */
static tb_status refuse_dims(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted, tb_error *err)
{
    int dim = 0, dim_value = 0;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *variant = &tb_cuda_variants[i];
        if (is_far(plan, wanted, variant) && variant->dim + variant->dim_value > dim + dim_value) {
            dim = variant->dim;
            dim_value = variant->dim_value;
        }
    }
    int sm = sm_of(plan->device.arch);
    const char *dtype = tb_dtype_names[wanted->dtype];
    if (dim == 0) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "there is no %s of %s for sm_%d; use another dtype or implementation",
                       wanted->kernel, dtype, sm);
    }
    return tb_fail(err, TB_EUNAVAILABLE,
                   "there is no %s of %s with head dims %lld and %lld for sm_%d; the largest are "
                   "%d and %d",
                   wanted->kernel, dtype, (long long)wanted->dim, (long long)wanted->dim_value, sm,
                   dim, dim_value);
}

static tb_status refuse(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted, tb_error *err)
{
    char tiles[256] = "";
    list_tiles(plan, wanted, tiles, sizeof tiles);
    if (tiles[0] == '\0') {
        return refuse_dims(plan, wanted, err);
    }
    return tb_fail(err, TB_EUNAVAILABLE,
                   "there is no %s of %s with head dims %lld and %lld for sm_%d whose query tiles "
                   "have %lld tokens and KV tiles %lld; there are %s",
                   wanted->kernel, tb_dtype_names[wanted->dtype], (long long)wanted->dim,
                   (long long)wanted->dim_value, sm_of(plan->device.arch),
                   (long long)wanted->q_tile, (long long)wanted->kv_tile, tiles);
}

tb_status tb_cuda_choose(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted,
                         const tb_cuda_variant **out, tb_error *err)
{
    const tb_cuda_variant *best = NULL;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *variant = &tb_cuda_variants[i];
        if (is_near(plan, wanted, variant) && has_tiles(wanted, variant) &&
            (best == NULL || variant->dim + variant->dim_value < best->dim + best->dim_value)) {
            best = variant;
        }
    }
    if (best == NULL) {
        return refuse(plan, wanted, err);
    }
    *out = best;
    return TB_OK;
}
