/* Mask tables of patterns that are a product over axes: windows, and where slots lie. */
#include "checked.h"
#include "cuda_program_tiles.h"
#include "mask_axes.h"

_Static_assert(TB_AXES == TB_MAX_RANK, "an axis for each dimension");

static const char *const window_names[TB_AXES] = {"window 0", "window 1", "window 2", "window 3"};
static const char *const q_names[TB_AXES] = {"q_coordinate 0", "q_coordinate 1", "q_coordinate 2",
                                             "q_coordinate 3"};
static const char *const kv_names[TB_AXES] = {"kv_coordinate 0", "kv_coordinate 1",
                                              "kv_coordinate 2", "kv_coordinate 3"};

static int64_t slots_of(const tb_mask_axes *axes, const int64_t *tile)
{
    int64_t slots = 1;
    for (int a = 0; a < axes->count; a++) {
        slots *= tile[a];
    }
    return slots;
}

/* What each coordinate sees; then, for the slots past the end of a box that hold no query, nothing.
 */
static tb_status add_windows(tb_cuda_plan *plan, const tb_mask_axes *axes, tb_cuda_tables *tables,
                             tb_error *err)
{
    tb_status status = TB_OK;
    for (int a = 0; status == TB_OK && a < axes->count; a++) {
        void *room = NULL;
        status = tb_cuda_fits(axes->extent[a], INT32_MAX - axes->q_tile[a],
                              "coordinates along an axis", err);
        if (status == TB_OK) {
            status = tb_cuda_add_constant(plan, window_names[a], axes->extent[a] + axes->q_tile[a],
                                          sizeof(tb_fmha_window), &tables->window[a], &room, err);
        }
        tb_fmha_window *window = room;
        for (int64_t c = 0; status == TB_OK && c < axes->extent[a]; c++) {
            tb_mask_interval seen = tb_mask_axes_window(axes, a, c);
            window[c] = (tb_fmha_window){(tb_i32)seen.begin, (tb_i32)seen.end};
        }
    }
    return status;
}

/* Offsets of query slots, a byte an axis, axis 0 lowest; slots are row-major. */
static tb_status add_q_offsets(tb_cuda_plan *plan, const tb_mask_axes *axes, tb_cuda_tables *tables,
                               tb_error *err)
{
    void *room = NULL;
    int64_t slots = slots_of(axes, axes->q_tile);
    tb_status status = tb_cuda_add_constant(plan, "q_offset", slots, sizeof(tb_u32),
                                            &tables->q_offset, &room, err);
    for (int64_t s = 0; status == TB_OK && s < slots; s++) {
        int64_t rest = s;
        for (int a = axes->count - 1; a >= 0; a--) {
            ((tb_u32 *)room)[s] |= (tb_u32)(rest % axes->q_tile[a]) << (8 * a);
            rest /= axes->q_tile[a];
        }
    }
    return status;
}

/* Sets of KV slots by their offset along each axis: row u of an axis holds those below u. */
static tb_status add_below(tb_cuda_plan *plan, const tb_mask_axes *axes, tb_fmha_params *params,
                           tb_cuda_tables *tables, tb_error *err)
{
    int64_t slots = slots_of(axes, axes->kv_tile), words = tb_ceil_div(slots, 32), rows = 0,
            pitch = slots;
    for (int a = 0; a < axes->count; a++) {
        params->below_row[a] = (tb_i32)rows;
        params->box[a] = (tb_i32)axes->kv_tile[a];
        rows += axes->kv_tile[a] + 1;
    }
    void *room = NULL;
    tb_status status = tb_cuda_add_constant(plan, "below", rows * words, sizeof(tb_u32),
                                            &tables->below, &room, err);
    for (int a = 0; status == TB_OK && a < axes->count; a++) {
        tb_u32 *below = (tb_u32 *)room + params->below_row[a] * words;
        pitch /= axes->kv_tile[a];
        for (int64_t u = 0; u <= axes->kv_tile[a]; u++, below += words) {
            for (int64_t j = 0; j < slots; j++) {
                bool is_below = j / pitch % axes->kv_tile[a] < u;
                below[j / 32] |= (tb_u32)is_below << (j % 32);
            }
        }
    }
    return status;
}

/* Where each row lies along an axis. A row without a token lies nowhere: as a key at -1, which no
 * window holds; as a query at 0, so that its window can be read. */
static tb_status add_coordinates(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                 const tb_mask_axes *axes, int axis, bool is_q, int *buffer,
                                 tb_error *err)
{
    const tb_slots *slots = is_q ? &tiles->q : &tiles->kv;
    int64_t rows = is_q ? tiles->q_rows : tiles->kv_rows, n = tb_layout_tokens(axes->layout);
    void *room = NULL;
    tb_status status = tb_cuda_add_constant(plan, is_q ? q_names[axis] : kv_names[axis], rows,
                                            sizeof(tb_i32), buffer, &room, err);
    for (int64_t r = 0; status == TB_OK && r < rows; r++) {
        int64_t token = slots->is_permuted ? slots->token[r] : r;
        ((tb_i32 *)room)[r] = token >= 0 && token < n
                                  ? (tb_i32)tb_mask_axes_coordinate(axes, axis, token)
                                  : (tb_i32)is_q - 1;
    }
    return status;
}

static tb_status add_tokens(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                            const tb_mask_axes *axes, tb_cuda_tables *tables, tb_error *err)
{
    tb_status status = TB_OK;
    for (int a = 0; status == TB_OK && a < axes->count; a++) {
        status = add_coordinates(plan, tiles, axes, a, true, &tables->q_coordinate[a], err);
        if (status == TB_OK) {
            status = add_coordinates(plan, tiles, axes, a, false, &tables->kv_coordinate[a], err);
        }
    }
    return status;
}

tb_status tb_cuda_add_masks(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_fmha_params *params,
                            tb_cuda_tables *tables, tb_error *err)
{
    tb_mask_axes axes = tb_mask_axes_of_list(tiles->list);
    params->axes = axes.count;
    params->mask_kind = axes.is_box ? TB_MASK_BOX : TB_MASK_TOKENS;
    tb_status status = add_windows(plan, &axes, tables, err);
    if (status == TB_OK && !axes.is_box) {
        return add_tokens(plan, tiles, &axes, tables, err);
    }
    if (status == TB_OK) {
        status = add_q_offsets(plan, &axes, tables, err);
    }
    return status == TB_OK ? add_below(plan, &axes, params, tables, err) : status;
}
