/* The mask tables that CUDA kernels are handed say what the tile list's own masks say: a kernel's
 * mask is re-enacted from them, bit by bit. fp32 kernels take any tiles, so that any are tried. */
#include "cuda_program.h"
#include "fmha_params.h"
#include "sim_large.h"
#include "test_support.h"
#include "tile_mask.h"

#include <stdlib.h>
#include <string.h>

typedef tb_sim_case draw_fn(gsl_rng *random);

static const void *constant(const tb_cuda_program *program, const char *name)
{
    for (int i = 0; i < program->buffers; i++) {
        if (strcmp(program->buffer[i].name, name) == 0) {
            return program->buffer[i].data;
        }
    }
    return NULL;
}

/* The attention step's params with host addresses in them. */
static tb_fmha_params bound_params(const tb_cuda_program *program)
{
    uint64_t addresses[64] = {0};
    tb_fmha_params params = {0};
    assert_true(program->buffers <= 64);
    for (int i = 0; i < program->buffers; i++) {
        addresses[i] = (uint64_t)(uintptr_t)program->buffer[i].data;
    }
    for (int i = 0; i < program->steps; i++) {
        if (program->step[i].stage == TB_CUDA_ATTENTION) {
            assert_int_equal(program->step[i].params_bytes, sizeof params);
            tb_cuda_step_bind(&program->step[i], addresses, &params);
        }
    }
    assert_non_null(params.entries);
    return params;
}

/* As fmha_params.h says. */
static bool sees_along(const tb_fmha_params *params, const tb_fmha_q_tile *q,
                       const tb_fmha_kv_tile *kv, int axis, int i, int j)
{
    if (params->mask_kind == TB_MASK_TOKENS) {
        int at = params->q_coordinate[axis][q->row + i];
        int key = params->kv_coordinate[axis][kv->row + j];
        tb_fmha_window window = params->window[axis][at];
        return key >= window.start && key < window.end;
    }
    int words = params->kv_slots / 32, start = 0, end = kv->limit[axis];
    if (q->origin[0] >= 0) {
        int at = q->origin[axis] + (int)(params->q_offset[i] >> (8 * axis) & 255U);
        tb_fmha_window window = params->window[axis][at];
        start = (int)tb_max(tb_min(window.start - kv->origin[axis], end), 0);
        end = (int)tb_max(tb_min(window.end - kv->origin[axis], end), start);
    }
    const tb_u32 *below = params->below + params->below_row[axis] * words;
    tb_u32 set = below[end * words + j / 32] & ~below[start * words + j / 32];
    return set >> (j % 32) & 1U;
}

static bool sees(const tb_fmha_params *params, int q, int entry, int i, int j)
{
    const tb_fmha_q_tile *q_tile = &params->q_tiles[q];
    const tb_fmha_kv_tile *kv_tile = &params->kv_tiles[params->entries[entry].kv_tile];
    int mask = params->entries[entry].mask, words = params->kv_slots / 32;
    if (mask == TB_ENTRY_FULL || j >= kv_tile->rows) {
        return j < kv_tile->rows;
    }
    if (mask >= 0) {
        int64_t row = (int64_t)mask * params->q_slots + i;
        return params->mask_bits[row * words + j / 32] >> (j % 32) & 1U;
    }
    bool is_all =
        kv_tile->is_extra || (params->mask_kind == TB_MASK_TOKENS && q_tile->origin[0] < 0);
    bool is_seen = true;
    for (int a = 0; !is_all && is_seen && a < params->axes; a++) {
        is_seen = sees_along(params, q_tile, kv_tile, a, i, j);
    }
    return is_seen;
}

/* Rows of a tile are the slots that hold a token, and more only where some lie behind. */
static void check_rows(const tb_sim_case *c, const int64_t *tokens, int64_t capacity,
                       const tb_i32 *table, int row, int rows)
{
    bool is_right = rows >= 1 && rows <= capacity && tokens[rows - 1] >= 0;
    for (int64_t s = 0; s < capacity; s++) {
        int64_t held = s >= rows ? -1 : table == NULL ? row + s : table[row + s];
        is_right = is_right && held == tokens[s];
    }
    tb_sim_large_assert(c, is_right, "rows of a tile hold its tokens");
}

/* What was drawn, so that none is missing. */
typedef struct variety {
    int cases, kinds[3], extra_masks;
    int64_t bits;
} variety;

static void check_entry(const tb_sim_case *c, const tb_tile_list *list,
                        const tb_fmha_params *params, const int64_t *queries, const uint64_t *want,
                        int q, int entry)
{
    for (int i = 0; i < list->q_capacity; i++) {
        for (int j = 0; queries[i] >= 0 && j < list->kv_capacity; j++) {
            tb_sim_large_assert(
                c, sees(params, q, entry, i, j) == tb_bits_get(want + i * list->mask_words, j),
                "a bit of the tables is that of the list's mask");
        }
    }
}

static void check_tables(const tb_sim_case *c, const tb_tile_list *list,
                         const tb_cuda_program *program, variety *seen)
{
    tb_fmha_params params = bound_params(program);
    tb_tile_masker *masker = tb_tile_masker_create(list);
    int64_t *queries = tb_oracle_integers(list->q_capacity);
    int64_t *keys = tb_oracle_integers(list->kv_capacity);
    assert_non_null(masker);
    for (int q = 0; q < list->q_tiles; q++) {
        const tb_fmha_q_tile *q_tile = &params.q_tiles[q];
        tb_tile_list_q_slots(list, q, queries);
        check_rows(c, queries, list->q_capacity, constant(program, "q_tokens"), q_tile->row,
                   q_tile->rows);
        assert_int_equal(q_tile->first, list->first[q]);
        assert_int_equal(q_tile->last, list->first[q + 1]);
        for (int e = q_tile->first; e < q_tile->last; e++) {
            const tb_fmha_kv_tile *kv_tile = &params.kv_tiles[params.entries[e].kv_tile];
            tb_tile_list_kv_slots(list, params.entries[e].kv_tile, keys);
            check_rows(c, keys, list->kv_capacity, constant(program, "kv_tokens"), kv_tile->row,
                       kv_tile->rows);
            const uint64_t *want = tb_tile_mask(masker, q, &list->entries[e]);
            check_entry(c, list, &params, queries, want, q, e);
            seen->bits += list->q_capacity * list->kv_capacity;
            seen->extra_masks += params.entries[e].mask > list->entries[e].mask;
        }
    }
    seen->kinds[params.mask_kind]++;
    free(keys);
    free(queries);
    tb_tile_masker_destroy(masker);
}

static void check_case(tb_sim_case *c, variety *seen)
{
    tb_tile_list *list = NULL;
    tb_cuda_program *program = NULL;
    tb_cuda_device device = {.arch = TB_SM_80, .sms = 108};
    tb_error err;
    c->problem.dtype = TB_DTYPE_FP32;
    c->problem.pass = TB_PASS_FORWARD;
    c->tiling.kv_tiling = TB_KV_STATIC;
    int64_t keys = tb_tiling_kv_tokens(&c->tiling, &c->problem.layout);
    c->tiling.kv_tile[0] *= 32 / tb_gcd(keys, 32); /* a kernel's masks are whole words */
    tb_assert_ok(tb_tile_list_create(&c->problem, &c->pattern, &c->tiling, &list, &err), &err);
    if (list->q_capacity <= 256 && list->kv_capacity <= 256) {
        tb_launch launch = {
            .problem = c->problem, .pattern = c->pattern, .tiling = c->tiling, .tiles = list};
        tb_assert_ok(tb_cuda_program_create(&launch, &device, &program, &err), &err);
        check_tables(c, list, program, seen);
        seen->cases++;
    }
    tb_cuda_program_destroy(program);
    tb_tile_list_destroy(list);
}

static void check_many(draw_fn *draw, int cases, variety *seen)
{
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        tb_error err;
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) { /* shows something */
            check_case(&c, seen);
        }
        tb_sim_case_free(&c);
    }
    gsl_rng_free(random);
}

static void tables__say_what_the_list_masks(void **state)
{
    (void)state;
    variety seen = {0};
    check_many(tb_sim_case_product, tb_test_cases(2000), &seen);
    check_many(tb_sim_case_rows, tb_test_cases(2000), &seen);
    check_many(tb_sim_case_aligned, tb_test_cases(500), &seen);
    print_message("%d cases: %d of boxes, %d of tokens, %d of bits; %lld bits, %d entries with "
                  "masks of their own\n",
                  seen.cases, seen.kinds[TB_MASK_BOX], seen.kinds[TB_MASK_TOKENS],
                  seen.kinds[TB_MASK_BITS], (long long)seen.bits, seen.extra_masks);
    assert_true(seen.kinds[TB_MASK_BOX] > 0 && seen.kinds[TB_MASK_TOKENS] > 0 &&
                seen.kinds[TB_MASK_BITS] > 0 && seen.extra_masks > 0);
}

TB_TESTS(cmocka_unit_test(tables__say_what_the_list_masks));
