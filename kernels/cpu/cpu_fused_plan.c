/* Preparing a fused launch: slots, permuted and packed tensors, what each thread works in. */
#include "checked.h"
#include "cpu_fused.h"
#include "cpu_pack.h"
#include "cpu_threads.h"

#include <stdlib.h>

#define WORKSPACE_BYTES (INT64_C(1) << 30)

static void free_thread(tb_fused_thread *thread)
{
    free(thread->q);
    free(thread->s);
    free(thread->o);
    free(thread->m);
    free(thread->l);
    free(thread->k);
    free(thread->v);
    free(thread->room);
    free(thread->q_rows);
    free(thread->kv_rows);
    tb_tile_masker_destroy(thread->masker);
}

void tb_fused_destroy(tb_plan_state *state)
{
    tb_fused *own = state->own;
    if (own == NULL) {
        return;
    }
    for (int t = 0; own->threads != NULL && t < state->threads; t++) {
        free_thread(&own->threads[t]);
    }
    free(own->threads);
    tb_slots_free(&own->q_slots);
    tb_slots_free(&own->kv_slots);
    free(own->q);
    free(own->k);
    free(own->v);
    free(own->o);
    free(own->lse);
    free(own->packed_k);
    free(own->packed_v);
    free(own->by_entry);
    free(own);
    state->own = NULL;
}

static bool allocate_thread(const tb_plan_state *state, const tb_fused *own,
                            tb_fused_thread *thread)
{
    const tb_tile_list *list = state->launch.tiles;
    int64_t dim = state->launch.problem.dim;
    int64_t widest = tb_max(dim, state->launch.problem.dim_value);
    thread->q = tb_cpu_floats(own->rows * dim);
    thread->s = tb_cpu_floats(own->rows * own->s_stride);
    thread->o = tb_cpu_floats(own->rows * own->columns);
    thread->m = tb_cpu_floats(own->rows);
    thread->l = tb_cpu_floats(own->rows);
    thread->k = tb_cpu_floats(own->is_dynamic ? own->keys * dim : 0);
    thread->v = tb_cpu_floats(own->is_dynamic ? own->keys * own->columns : 0);
    thread->room = tb_cpu_floats(TB_CPU_PANEL_MAX * widest);
    thread->q_rows = calloc((size_t)list->q_capacity, sizeof(int64_t));
    thread->kv_rows = calloc((size_t)list->kv_capacity, sizeof(int64_t));
    thread->masker = tb_tile_masker_create(list);
    return thread->q != NULL && thread->s != NULL && thread->o != NULL && thread->m != NULL &&
           thread->l != NULL && thread->k != NULL && thread->v != NULL && thread->room != NULL &&
           thread->q_rows != NULL && thread->kv_rows != NULL && thread->masker != NULL;
}

/* Permuted copies of the tensors whose tiles are no runs. */
static bool allocate_permuted(const tb_plan_state *state, tb_fused *own)
{
    const tb_problem *p = &state->launch.problem;
    int64_t bytes = tb_dtype_bytes(p->dtype);
    int64_t q_rows = p->batch * own->q_slots.tiles * own->q_slots.capacity * p->heads;
    int64_t kv_rows = p->batch * own->kv_slots.tiles * own->kv_slots.capacity * p->heads_kv;
    bool is_complete = true;
    if (own->q_slots.is_permuted) {
        own->q = tb_cpu_bytes(q_rows * p->dim * bytes);
        own->o = tb_cpu_bytes(q_rows * p->dim_value * bytes);
        own->lse = tb_cpu_bytes(q_rows * (int64_t)sizeof *own->lse);
        is_complete = own->q != NULL && own->o != NULL && own->lse != NULL;
    }
    if (own->kv_slots.is_permuted) {
        own->k = tb_cpu_bytes(kv_rows * p->dim * bytes);
        own->v = tb_cpu_bytes(kv_rows * p->dim_value * bytes);
        is_complete = is_complete && own->k != NULL && own->v != NULL;
    }
    return is_complete;
}

static bool allocate_packed(const tb_plan_state *state, tb_fused *own)
{
    const tb_problem *p = &state->launch.problem;
    if (own->is_dynamic) {
        own->units_at_once = own->units;
        return true;
    }
    int64_t keys = state->launch.tiles->kv_tiles * own->keys;
    int64_t unit_bytes = keys * (p->dim + own->columns) * (int64_t)sizeof(float);
    int64_t limit = state->launch.workspace_bytes;
    limit = limit > 0 ? limit : WORKSPACE_BYTES;
    own->units_at_once = tb_min(own->units, tb_max(limit / unit_bytes, 1));
    own->packed_k = tb_cpu_floats(own->units_at_once * keys * p->dim);
    own->packed_v = tb_cpu_floats(own->units_at_once * keys * own->columns);
    return own->packed_k != NULL && own->packed_v != NULL;
}

static bool allocate(const tb_plan_state *state, tb_fused *own)
{
    own->threads = calloc((size_t)state->threads, sizeof *own->threads);
    bool is_complete =
        own->threads != NULL && allocate_permuted(state, own) && allocate_packed(state, own);
    for (int t = 0; is_complete && t < state->threads; t++) {
        is_complete = allocate_thread(state, own, &own->threads[t]);
    }
    if (is_complete && state->launch.is_counting) {
        own->by_entry = calloc((size_t)state->launch.tiles->visited + 1, sizeof *own->by_entry);
        is_complete = own->by_entry != NULL;
    }
    return is_complete;
}

tb_status tb_fused_prepare(tb_plan_state *state, tb_error *err)
{
    const tb_problem *p = &state->launch.problem;
    const tb_tile_list *list = state->launch.tiles;
    tb_fused *own = calloc(1, sizeof *own);
    if (own == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    state->own = own;
    own->rows = tb_cpu_padded_rows(state->isa, list->q_capacity);
    own->keys = tb_cpu_round_up(list->kv_capacity, state->isa->lanes);
    own->columns = tb_cpu_round_up(p->dim_value, state->isa->lanes);
    own->s_stride = own->keys + state->isa->lanes; /* rows of a power of two would share L1 sets */
    own->is_dynamic = list->tiling.kv_tiling == TB_KV_DYNAMIC;
    own->units = p->heads_kv * p->batch;
    tb_status status = tb_slots_create(list, true, &own->q_slots, err);
    if (status == TB_OK && !own->is_dynamic) {
        status = tb_slots_create(list, false, &own->kv_slots, err);
    }
    if (status == TB_OK && own->is_dynamic) {
        own->q_slots.is_permuted = false;
    }
    if (status == TB_OK && !allocate(state, own)) {
        status =
            tb_fail(err, TB_ENOMEM, "no memory for the tiles of %lld heads", (long long)p->heads);
    }
    return status;
}
