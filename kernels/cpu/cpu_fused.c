/* Fused attention over a tile list: the algorithm of a GPU kernel.
 *
 *   for each query tile, a work item of a thread as a CTA is of an SM:     Q [|T|][dim], scaled
 *     for each KV tile that its list names:
 *       S = Q K^T                  registers 12 x 32, K packed in panels of 32 keys
 *       S = -inf where masked      partial tiles only
 *       P = exp2(S - m), l, m      online softmax; O is rescaled where a maximum grew
 *       O += P V                   registers 12 x 32, V packed in panels of 32 columns
 *     O / l and lse are stored
 *
 * Tiles that are boxes are first permuted to lie together, and outputs permuted back. K and V of as
 * many heads as fit in the workspace are packed at a time; then their query tiles are handed out in
 * the order of the list, batch entries after tiles and heads after those. A dynamic KV tile belongs
 * to few query tiles: it is gathered and packed when it is visited, and nothing is permuted for it.
 */
#include "cpu_fused.h"
#include "checked.h"
#include "cpu_pack.h"
#include "cpu_threads.h"

#include <math.h>
#include <string.h>

/* The tensors of one run, as the tiles' rows number them. */
typedef struct fused_run {
    tb_plan_state *state;
    tb_fused *own;
    tb_cpu_tensor q, k, v;
    tb_cpu_tensor o; /* its data is `o_data` */
    void *o_data;
    float *lse; /* may be NULL */
} fused_run;

static void permute(fused_run *run, const tb_tensors *tensors)
{
    tb_fused *own = run->own;
    const tb_problem *p = &run->state->launch.problem;
    int threads = run->state->threads;
    int64_t bytes = tb_dtype_bytes(p->dtype);
    run->q = tb_cpu_q(run->state, tensors);
    run->k = tb_cpu_k(run->state, tensors);
    run->v = tb_cpu_v(run->state, tensors);
    run->o_data = tensors->o;
    run->lse = tensors->lse;
    if (own->q_slots.is_permuted) {
        tb_cpu_permute(&own->q_slots, p->batch, run->q.tokens, p->heads * p->dim * bytes,
                       tensors->q, own->q, threads);
        run->q.data = own->q;
        run->q.tokens = own->q_slots.tiles * own->q_slots.capacity;
        run->o_data = own->o;
        run->lse = tensors->lse == NULL ? NULL : own->lse;
    }
    if (own->kv_slots.is_permuted) {
        int64_t tokens = own->kv_slots.tiles * own->kv_slots.capacity;
        tb_cpu_permute(&own->kv_slots, p->batch, run->k.tokens, p->heads_kv * p->dim * bytes,
                       tensors->k, own->k, threads);
        tb_cpu_permute(&own->kv_slots, p->batch, run->k.tokens, p->heads_kv * p->dim_value * bytes,
                       tensors->v, own->v, threads);
        run->k.data = own->k;
        run->v.data = own->v;
        run->k.tokens = run->v.tokens = tokens;
    }
    run->o = run->q;
    run->o.dim = p->dim_value;
}

static void unpermute(const fused_run *run, const tb_tensors *tensors)
{
    const tb_fused *own = run->own;
    const tb_problem *p = &run->state->launch.problem;
    int64_t tokens = tb_launch_q_tokens(&run->state->launch);
    if (!own->q_slots.is_permuted) {
        return;
    }
    tb_cpu_unpermute(&own->q_slots, p->batch, tokens,
                     p->heads * p->dim_value * tb_dtype_bytes(p->dtype), own->o, tensors->o,
                     run->state->threads);
    if (tensors->lse != NULL) {
        tb_cpu_unpermute(&own->q_slots, p->batch, tokens, p->heads * (int64_t)sizeof(float),
                         own->lse, tensors->lse, run->state->threads);
    }
}

/* Pack one KV tile of one unit. */
static void pack_tile(const fused_run *run, int64_t unit, const int64_t *rows, float *room,
                      float *k, float *v)
{
    const tb_problem *p = &run->state->launch.problem;
    tb_cpu_source from = {.tensor = run->k,
                          .batch = unit % p->batch,
                          .head = unit / p->batch,
                          .slots = rows,
                          .count = run->state->launch.tiles->kv_capacity};
    tb_cpu_pack_k(run->state->isa, &from, run->own->keys, room, k);
    from.tensor = run->v;
    tb_cpu_pack_v(run->state->isa, &from, run->own->keys, room, v);
}

/* Pack the KV tiles of units [first, first + count). */
static void pack_units(const fused_run *run, int64_t first, int64_t count)
{
    const tb_fused *own = run->own;
    int64_t tiles = run->state->launch.tiles->kv_tiles;
    int64_t k_floats = own->keys * run->state->launch.problem.dim;
    int64_t v_floats = own->keys * own->columns;
#pragma omp parallel num_threads(run->state->threads)
    {
        tb_fused_thread *thread = &own->threads[tb_cpu_thread()];
        double begin = tb_cpu_own_us();
#pragma omp for schedule(dynamic, 1) nowait
        for (int64_t i = 0; i < count * tiles; i++) {
            tb_slots_rows(&own->kv_slots, i % tiles, thread->kv_rows);
            pack_tile(run, first + i / tiles, thread->kv_rows, thread->room,
                      own->packed_k + i * k_floats, own->packed_v + i * v_floats);
        }
        thread->own_us += tb_cpu_own_us() - begin;
    }
}

/* Keys that padding adds to a tile are no keys. */
static void hide_padding(const tb_fused *own, int64_t capacity, int64_t rows, float *s)
{
    for (int64_t r = 0; capacity < own->keys && r < rows; r++) {
        for (int64_t j = capacity; j < own->keys; j++) {
            s[r * own->s_stride + j] = -HUGE_VALF;
        }
    }
}

/* What is left unmasked of a tile, as its scores say, over real queries. */
static int64_t count_unmasked(const tb_fused *own, const tb_fused_thread *thread, int64_t slots)
{
    int64_t count = 0;
    for (int64_t r = 0; r < slots; r++) {
        for (int64_t j = 0; thread->q_rows[r] >= 0 && j < own->keys; j++) {
            count += thread->s[r * own->s_stride + j] != -HUGE_VALF;
        }
    }
    return count;
}

/* One work item. */
typedef struct fused_item {
    int64_t unit, slot; /* slot: where the unit is packed */
    int64_t head, q;
    int64_t rows; /* slots up to the last real query */
} fused_item;

static void visit(const fused_run *run, const fused_item *item, int64_t e, tb_fused_thread *thread)
{
    const tb_plan_state *state = run->state;
    const tb_cpu_isa *isa = state->isa;
    tb_fused *own = run->own;
    const tb_tile_list *list = state->launch.tiles;
    const tb_tile_entry *entry = &list->entries[e];
    int64_t dim = state->launch.problem.dim;
    const float *k = thread->k, *v = thread->v;
    if (own->is_dynamic) {
        tb_tile_list_kv_slots(list, entry->kv_tile, thread->kv_rows);
        pack_tile(run, item->unit, thread->kv_rows, thread->room, thread->k, thread->v);
    } else {
        int64_t tile = item->slot * list->kv_tiles + entry->kv_tile;
        k = own->packed_k + tile * own->keys * dim;
        v = own->packed_v + tile * own->keys * own->columns;
    }
    isa->scores(thread->q, item->rows, k, own->keys, dim, thread->s, own->s_stride);
    hide_padding(own, list->kv_capacity, item->rows, thread->s);
    if (entry->mask != TB_TILE_FULL) {
        const uint64_t *bits = tb_tile_mask(thread->masker, item->q, entry);
        isa->mask(thread->s, own->s_stride, bits, list->mask_words, item->rows, own->keys);
        thread->masked++;
    }
    thread->visited++;
    if (state->launch.is_counting) {
        int64_t unmasked = count_unmasked(own, thread, item->rows);
        thread->unmasked += unmasked;
        if (item->unit == 0 && item->head == 0) {
            own->by_entry[e] = unmasked;
        }
    }
    isa->softmax(&(tb_cpu_softmax){.s = thread->s,
                                   .s_stride = own->s_stride,
                                   .rows = item->rows,
                                   .keys = own->keys,
                                   .m = thread->m,
                                   .l = thread->l,
                                   .o = thread->o,
                                   .o_stride = own->columns,
                                   .columns = own->columns});
    isa->add_values(thread->s, own->s_stride, item->rows, v, own->keys, own->columns, thread->o,
                    own->columns);
}

static void store_tile(const fused_run *run, const fused_item *item, const tb_fused_thread *thread)
{
    int64_t batch = item->unit % run->state->launch.problem.batch;
    for (int64_t r = 0; r < item->rows; r++) {
        if (thread->q_rows[r] < 0) {
            continue;
        }
        int64_t at = tb_cpu_at(&run->o, batch, thread->q_rows[r], item->head);
        float factor = thread->l[r] > 0 ? 1 / thread->l[r] : 0;
        tb_cpu_store(run->o.dtype, run->o_data, at, thread->o + r * run->own->columns, factor,
                     run->o.dim);
        if (run->lse != NULL) {
            run->lse[at / run->o.dim] = tb_cpu_lse(thread->m[r], thread->l[r]);
        }
    }
}

static void run_item(const fused_run *run, fused_item *item, tb_fused_thread *thread)
{
    const tb_plan_state *state = run->state;
    const tb_fused *own = run->own;
    const tb_tile_list *list = state->launch.tiles;
    tb_slots_rows(&own->q_slots, item->q, thread->q_rows);
    item->rows = list->q_capacity;
    while (thread->q_rows[item->rows - 1] < 0) {
        item->rows--;
    }
    tb_cpu_source from = {.tensor = run->q,
                          .batch = item->unit % state->launch.problem.batch,
                          .head = item->head,
                          .slots = thread->q_rows,
                          .count = item->rows};
    tb_cpu_pack_q(state->isa, &from, tb_cpu_padded_rows(state->isa, item->rows), state->scale,
                  thread->room, thread->q);
    memset(thread->o, 0, (size_t)(own->rows * own->columns) * sizeof *thread->o);
    for (int64_t r = 0; r < own->rows; r++) {
        thread->m[r] = -HUGE_VALF;
        thread->l[r] = 0;
    }
    for (int64_t e = list->first[item->q]; e < list->first[item->q + 1]; e++) {
        visit(run, item, e, thread);
    }
    store_tile(run, item, thread);
}

/* The query tiles of units [first, first + count): tiles innermost, then the heads of a unit. */
static void attend(const fused_run *run, int64_t first, int64_t count)
{
    const tb_plan_state *state = run->state;
    int64_t q_tiles = state->launch.tiles->q_tiles, heads = state->group;
#pragma omp parallel num_threads(state->threads)
    {
        tb_fused_thread *thread = &run->own->threads[tb_cpu_thread()];
        double begin = tb_cpu_now_us(), own_begin = tb_cpu_own_us();
#pragma omp for schedule(dynamic, 1) nowait
        for (int64_t i = 0; i < count * heads * q_tiles; i++) {
            int64_t slot = i / (heads * q_tiles), head = i / q_tiles % heads;
            int64_t kv_head = (first + slot) / state->launch.problem.batch;
            fused_item item = {.unit = first + slot,
                               .slot = slot,
                               .head = kv_head * heads + head,
                               .q = i % q_tiles};
            run_item(run, &item, thread);
        }
        thread->busy_us += tb_cpu_now_us() - begin;
        thread->own_us += tb_cpu_own_us() - own_begin;
    }
}

static void sum_up(tb_plan_state *state, tb_run_times *times)
{
    const tb_fused *own = state->own;
    const tb_problem *p = &state->launch.problem;
    state->counters = (tb_run_counters){
        .q_tiles = state->launch.tiles->q_tiles * p->heads * p->batch, .by_entry = own->by_entry};
    times->threads = state->threads;
    times->busy_min_us = HUGE_VAL;
    for (int t = 0; t < state->threads; t++) {
        const tb_fused_thread *thread = &own->threads[t];
        state->counters.visited += thread->visited;
        state->counters.masked += thread->masked;
        state->counters.unmasked += thread->unmasked;
        times->busy_min_us = fmin(times->busy_min_us, thread->busy_us);
        times->busy_max_us = fmax(times->busy_max_us, thread->busy_us);
        times->busy_mean_us += thread->busy_us / state->threads;
        times->own_us += thread->own_us;
    }
}

static tb_status run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                     tb_error *err)
{
    (void)err;
    tb_fused *own = state->own;
    fused_run now = {.state = state, .own = own};
    *times = (tb_run_times){0};
    for (int t = 0; t < state->threads; t++) {
        own->threads[t].busy_us = own->threads[t].own_us = 0;
        own->threads[t].visited = own->threads[t].masked = own->threads[t].unmasked = 0;
    }
    double begin = tb_cpu_now_us();
    permute(&now, tensors);
    double permuted = tb_cpu_now_us();
    for (int64_t first = 0; first < own->units; first += own->units_at_once) {
        int64_t count = tb_min(own->units_at_once, own->units - first);
        double before = tb_cpu_now_us();
        if (!own->is_dynamic) {
            pack_units(&now, first, count);
        }
        times->pack_us += tb_cpu_now_us() - before;
        attend(&now, first, count);
    }
    double attended = tb_cpu_now_us();
    unpermute(&now, tensors);
    double end = tb_cpu_now_us();
    bool is_permuted = own->q_slots.is_permuted || own->kv_slots.is_permuted;
    times->permute_us = is_permuted ? permuted - begin : 0;
    times->attention_us = attended - permuted;
    times->unpermute_us = own->q_slots.is_permuted ? end - attended : 0;
    times->total_us = end - begin;
    sum_up(state, times);
    return TB_OK;
}

const tb_cpu_implementation tb_cpu_fused = {
    .prepare = tb_fused_prepare,
    .run = run,
    .destroy = tb_fused_destroy,
};
