#include "proof_check.h"

#include "attention_check.h"
#include "census.h"
#include "fmha_params.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void hold(const tb_proof_case *item, bool holds, const char *law)
{
    if (!holds) {
        tb_proof_print(item);
        fail_msg("does not hold: %s", law);
    }
}

static void hold_ok(const tb_proof_case *item, tb_status status, const tb_error *err)
{
    if (status != TB_OK) {
        tb_proof_print(item);
        fail_msg("%s", err->message);
    }
}

/* The step that the counts are those of: the first of attention. */
static const tb_cuda_step *attention_step(const tb_cuda_program *program)
{
    int i = 0;
    while (i < program->steps && program->step[i].stage != TB_CUDA_ATTENTION) {
        i++;
    }
    assert_true(i < program->steps);
    return &program->step[i];
}

/* Visible pairs of a head, whatever the tiles. */
static int64_t visible_pairs(const tb_proof_case *item)
{
    tb_tiling tiling = {.kind = TB_TILING_SINGLE_DIM, .q_tile = {64}, .kv_tile = {64}};
    const tb_tiling *tiles = item->list != NULL ? &item->sim.tiling : &tiling;
    tb_census census;
    tb_error err;
    hold_ok(item,
            tb_census_count(&item->sim.problem, &item->sim.pattern, tiles, NULL, &census, &err),
            &err);
    return census.visible_pairs;
}

static void count_keys(int64_t begin, int64_t end, void *user)
{
    *(int64_t *)user += end - begin;
}

static int64_t decode_keys(const tb_proof_case *item)
{
    const tb_layout *layout = &item->sim.problem.layout;
    int64_t keys = item->sim.problem.extra_kv;
    tb_pattern_row(&item->sim.pattern, layout, tb_layout_tokens(layout) - 1, count_keys, &keys);
    return keys;
}

/* A tile flagged full has no score masked; a partial one has some masked and some not; each has
 * the pattern's own pairs. */
static void check_entries(const tb_proof_case *item, const tb_emu_did *did)
{
    const tb_tile_list *list = item->list;
    int64_t wrong = -1;
    tb_error err;
    for (int64_t q = 0; q < list->q_tiles; q++) {
        int64_t all = list->q[q].tokens * list->kv_capacity;
        for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
            int64_t count = did->by_entry[e];
            if (list->entries[e].mask == TB_TILE_FULL) {
                hold(item, count == all, "a full tile has nothing masked");
            } else {
                hold(item, count > 0 && count < all, "a partial tile has some masked, some not");
            }
        }
    }
    hold_ok(item, tb_attention_count(&item->launch, did->by_entry, &wrong, &err), &err);
    hold(item, wrong == 0, "what a tile leaves unmasked are the pattern's pairs");
}

static int64_t round_up(int64_t value, int64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

/* What the model says: visited 2 |T| |U| (D + D_v) / 4096, heads and batch entries all alike. */
static void check_mma(const tb_proof_case *item, const tb_cuda_variant *variant, int64_t visited,
                      const tb_emu_did *did)
{
    const tb_problem *p = &item->sim.problem;
    int64_t dims = item->kernel == TB_PROOF_FMHA
                       ? variant->dim + variant->dim_value
                       : round_up(p->dim, 16) + round_up(p->dim_value, 16);
    int64_t each = visited * 2 * variant->q_tile * variant->kv_tile * dims / 4096;
    hold(item, did->by_stage[TB_CUDA_ATTENTION].mma == each * p->heads * p->batch,
         "products on tensor cores are the model's");
}

static bool is_all_full(const tb_proof_case *item)
{
    return item->list->full == item->list->visited;
}

/* Shared memory without conflicts; whole sectors of global memory, where rows are whole sectors and
 * no mask is read. */
static void check_memory(const tb_proof_case *item, const tb_emu_did *did, tb_proof_totals *totals)
{
    const tb_emu_counters *c = &did->by_stage[TB_CUDA_ATTENTION];
    const tb_problem *p = &item->sim.problem;
    hold(item, c->ldmatrix_conflicts == 0 && c->cp_async_conflicts == 0,
         "no bank conflicts of ldmatrix and cp.async");
    totals->shared_transactions += c->shared_transactions;
    totals->shared_conflicts += c->shared_conflicts;
    if (is_all_full(item) && p->dim % 16 == 0 && p->dim_value % 16 == 0) {
        totals->whole++;
        totals->load_sectors += c->load_sectors;
        totals->load_sectors_ideal += c->load_sectors_ideal;
    }
}

static void check_counts(const tb_proof_case *item, const tb_cuda_program *program,
                         const tb_emu_did *did, tb_proof_totals *totals)
{
    const tb_problem *p = &item->sim.problem;
    const tb_cuda_step *step = attention_step(program);
    int64_t times = p->heads * p->batch;
    if (item->kernel == TB_PROOF_DECODE) {
        hold(item, did->unmasked == decode_keys(item) * times, "keys that queries see");
        return;
    }
    hold(item, did->unmasked == visible_pairs(item) * times,
         "scores left unmasked are the census's visible pairs");
    if (item->list != NULL) {
        check_entries(item, did);
    }
    if (item->kernel == TB_PROOF_FMHA) {
        check_memory(item, did, totals);
    }
    if (item->list != NULL && item->kernel != TB_PROOF_FMHA_FP32) {
        check_mma(item, step->variant, item->list->visited, did);
    }
}

/* Run once more in some way; outputs must be those of the first run, bit by bit. */
static void run_again(const tb_proof_case *item, tb_emu_program *program, const tb_emu_way *way,
                      const tb_attention_tensors *set, const tb_emu_did *first)
{
    const tb_problem *p = &item->sim.problem;
    size_t o_bytes = (size_t)(set->o_elements * tb_dtype_bytes(p->dtype));
    size_t lse_bytes = (size_t)set->lse_elements * sizeof(float);
    tb_tensors again = {.o = malloc(o_bytes), .lse = malloc(lse_bytes)};
    tb_emu_did did;
    tb_error err;
    assert_non_null(again.o);
    assert_non_null(again.lse);
    hold_ok(item, tb_emu_program_run(program, way, &again, &did, &err), &err);
    hold(item, memcmp(again.o, set->o, o_bytes) == 0 && memcmp(again.lse, set->lse, lse_bytes) == 0,
         "outputs are the same bits under every schedule");
    hold(item, did.unmasked == first->unmasked, "counts are the same under every schedule");
    free(again.lse);
    free(again.o);
}

static double compare(const tb_proof_case *item, const tb_attention_tensors *set, uint64_t *state)
{
    tb_tensors tensors = {.q = set->q, .k = set->k, .v = set->v, .o = set->o, .lse = set->lse};
    tb_attention_check check = {
        .rows = 10, .is_gpu = true, .arithmetic = tb_reference_gpu_arithmetic(&item->launch)};
    tb_error err;
    hold_ok(item, tb_attention_compare(&item->launch, &tensors, &check, state, &err), &err);
    if (!(check.worst <= 1)) {
        print_error("%g of its bound\n", check.worst);
    }
    hold(item, check.worst <= 1, "outputs are within their bounds");
    return check.worst;
}

static void check_runs(const tb_proof_case *item, const tb_cuda_program *program,
                       tb_attention_tensors *set, uint64_t seed, tb_proof_totals *totals)
{
    tb_tensors tensors = {.q = set->q, .k = set->k, .v = set->v, .o = set->o, .lse = set->lse};
    tb_emu_way way = {.schedule = TB_EMU_FORWARD, .seed = seed};
    tb_emu_program *run = NULL;
    tb_emu_did did;
    tb_error err;
    hold_ok(item, tb_emu_program_create(&item->launch, program, &tensors, &run, &err), &err);
    hold_ok(item, tb_emu_program_run(run, &way, &tensors, &did, &err), &err);
    check_counts(item, program, &did, totals);
    totals->mma += did.by_stage[TB_CUDA_ATTENTION].mma;
    totals->unmasked += did.unmasked;
    for (way.schedule = TB_EMU_REVERSE; way.schedule <= TB_EMU_RANDOM; way.schedule++) {
        run_again(item, run, &way, set, &did);
    }
    totals->runs += 3;
    double worst = compare(item, set, &seed);
    if (seed % 8 == 0) {
        way = (tb_emu_way){.is_mma_truncated = true, .is_exp2_perturbed = true};
        hold_ok(item, tb_emu_program_run(run, &way, &tensors, &did, &err), &err);
        worst = fmax(worst, compare(item, set, &seed));
        totals->inexact++;
    }
    totals->worst[item->kernel] = fmax(totals->worst[item->kernel], worst);
    tb_emu_program_destroy(run);
}

static bool any(const int64_t *values, int count, int64_t above)
{
    bool is_any = false;
    for (int i = 0; i < count; i++) {
        is_any = is_any || values[i] > above;
    }
    return is_any;
}

static void note_pattern(const tb_proof_case *item, tb_proof_totals *totals)
{
    const tb_pattern *pattern = &item->sim.pattern;
    int rank = item->sim.problem.layout.rank;
    totals->ranks[rank - 1]++;
    totals->kinds[pattern->kind]++;
    if (pattern->kind == TB_PATTERN_GNA) {
        totals->dilated += any(pattern->dilation, rank, 1);
        totals->strided += any(pattern->stride, rank, 1);
        for (int d = 0; d < rank; d++) {
            totals->causal += pattern->causal[d];
        }
    }
}

static void note(const tb_proof_case *item, const tb_cuda_program *program, tb_proof_totals *totals)
{
    const tb_problem *p = &item->sim.problem;
    const tb_cuda_step *step = attention_step(program);
    totals->problems[item->kernel]++;
    totals->dtypes[p->dtype]++;
    note_pattern(item, totals);
    totals->extra_kv += p->extra_kv > 0;
    totals->extra_q += p->extra_q > 0;
    totals->grouped += p->heads > p->heads_kv;
    totals->batched += p->batch > 1;
    totals->other_value += p->dim != p->dim_value;
    if (item->kernel == TB_PROOF_FMHA) {
        tb_fmha_params params;
        memcpy(&params, step->params, sizeof params);
        totals->mask_kinds[params.mask_kind]++;
        totals->padded += p->dim < step->variant->dim || p->dim_value < step->variant->dim_value;
        totals->permuted += program->step[0].stage == TB_CUDA_PERMUTE;
        if (item->sim.tiling.kind == TB_TILING_MULTI_DIM) {
            totals->boxes++;
        } else {
            totals->orders[item->sim.tiling.order]++;
        }
    }
}

bool tb_proof_check(const tb_proof_case *item, const tb_cuda_variant *variant, uint64_t seed,
                    tb_proof_totals *totals)
{
    unsigned arches = variant != NULL ? variant->arches : TB_SM_80;
    tb_cuda_device device = {.arch = (tb_cuda_arch)(arches & -arches), /* the oldest */
                             .sms = 3}; /* so few that a stream of decode's keys meets items */
    tb_cuda_program *program = NULL;
    tb_attention_tensors set = {0};
    tb_error err;
    hold_ok(item, tb_cuda_program_create(&item->launch, &device, &program, &err), &err);
    if (variant != NULL && attention_step(program)->variant != variant) {
        tb_cuda_program_destroy(program);
        return false;
    }
    uint64_t state = seed;
    assert_true(tb_attention_tensors_make(&item->launch, item->logit_size, &state, &set));
    note(item, program, totals);
    check_runs(item, program, &set, seed, totals);
    tb_attention_tensors_free(&set);
    tb_cuda_program_destroy(program);
    return true;
}
