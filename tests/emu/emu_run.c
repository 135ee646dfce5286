#include "emu_run.h"

#include "slots.h"
#include "twin.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TWINS_MAX 128

/* Shared objects, by source and options; they go with the process. */
static struct {
    const tb_cuda_variant *variant; /* the first that asked for it */
    tb_twin *twin;
} twins[TWINS_MAX];
static int twin_count;

static bool is_same_text(const tb_cuda_variant *a, const tb_cuda_variant *b)
{
    bool is_same = strcmp(a->source, b->source) == 0;
    int i = 0;
    for (; is_same && a->options[i] != NULL && b->options[i] != NULL; i++) {
        is_same = strcmp(a->options[i], b->options[i]) == 0;
    }
    return is_same && a->options[i] == b->options[i];
}

tb_status tb_emu_twin(const tb_cuda_variant *variant, void (**entry)(const void *params),
                      tb_error *err)
{
    int i = 0;
    while (i < twin_count && !is_same_text(twins[i].variant, variant)) {
        i++;
    }
    if (i == TWINS_MAX) {
        return tb_fail(err, TB_EINTERNAL, "more than %d twins", TWINS_MAX);
    }
    if (i == twin_count) {
        tb_status status = tb_twin_create(variant->source, variant->options, &twins[i].twin, err);
        if (status != TB_OK) {
            return status;
        }
        twins[i].variant = variant;
        twin_count++;
    }
    void (*found)(const void *params) = tb_twin_entry(twins[i].twin, variant->kernel);
    if (found == NULL) {
        return tb_fail(err, TB_EINTERNAL, "%s has no kernel %s", variant->source, variant->kernel);
    }
    *entry = found;
    return TB_OK;
}

int tb_emu_twins(void)
{
    return twin_count;
}

struct tb_emu_program {
    const tb_launch *launch;
    const tb_cuda_program *program;
    tb_emu_memory *memory;
    void **buffer;             /* by buffer of the program */
    tb_slots q_slots;          /* of the launch's list, where there is one */
    _Atomic int64_t *counting; /* by entry */
    int64_t *by_entry;
    _Atomic int64_t unmasked;
    bool is_first; /* the step that runs has head 0 of batch entry 0 */
};

void tb_emu_program_destroy(tb_emu_program *program)
{
    if (program == NULL) {
        return;
    }
    tb_emu_memory_destroy(program->memory);
    tb_slots_free(&program->q_slots);
    free((void *)program->buffer);
    free(program->counting);
    free(program->by_entry);
    free(program);
}

/* What a buffer holds before any run; NULL = nothing. */
static const void *contents(const tb_cuda_buffer *buffer, const tb_tensors *tensors)
{
    switch (buffer->role) {
    case TB_CUDA_Q:
        return tensors->q;
    case TB_CUDA_K:
        return tensors->k;
    case TB_CUDA_V:
        return tensors->v;
    case TB_CUDA_CONSTANT:
        return buffer->data;
    default:
        return NULL;
    }
}

static tb_status make_buffers(tb_emu_program *made, const tb_tensors *tensors, tb_error *err)
{
    tb_status status = tb_emu_memory_create(&made->memory, err);
    for (int i = 0; status == TB_OK && i < made->program->buffers; i++) {
        const tb_cuda_buffer *buffer = &made->program->buffer[i];
        const void *data = contents(buffer, tensors);
        status = tb_emu_alloc(made->memory, buffer->name, buffer->bytes, &made->buffer[i], err);
        if (status == TB_OK && data != NULL) {
            status = tb_emu_upload(made->memory, made->buffer[i], data, buffer->bytes, err);
        }
    }
    return status;
}

static tb_status make(tb_emu_program *made, const tb_tensors *tensors, tb_error *err)
{
    const tb_tile_list *list = made->launch->tiles;
    made->buffer = calloc((size_t)made->program->buffers, sizeof *made->buffer);
    if (list != NULL) {
        made->counting = calloc((size_t)list->visited + 1, sizeof *made->counting);
        made->by_entry = calloc((size_t)list->visited + 1, sizeof *made->by_entry);
    }
    if (made->buffer == NULL || (list != NULL && (!made->counting || !made->by_entry))) {
        return tb_fail(err, TB_ENOMEM, "no memory for a program");
    }
    tb_status status = list == NULL ? TB_OK : tb_slots_create(list, true, &made->q_slots, err);
    return status == TB_OK ? make_buffers(made, tensors, err) : status;
}

tb_status tb_emu_program_create(const tb_launch *launch, const tb_cuda_program *program,
                                const tb_tensors *tensors, tb_emu_program **out, tb_error *err)
{
    tb_emu_program *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a program");
    }
    made->launch = launch;
    made->program = program;
    tb_status status = make(made, tensors, err);
    if (status != TB_OK) {
        tb_emu_program_destroy(made);
        return status;
    }
    *out = made;
    return TB_OK;
}

/* A kernel without a list of the launch's (its own are runs of tokens) has a token in each slot
 * that it counts. */
static void add_unmasked(void *user, const int cta[3], int entry, int slot, int count)
{
    tb_emu_program *program = user;
    const tb_slots *slots = &program->q_slots;
    if (slots->token != NULL && slots->token[cta[0] * slots->capacity + slot] < 0) {
        return;
    }
    atomic_fetch_add(&program->unmasked, count);
    if (program->counting != NULL && program->is_first && cta[1] == 0 && cta[2] == 0) {
        atomic_fetch_add(&program->counting[entry], count);
    }
}

/* All of it is counts. */
static void add_counters(const tb_emu_counters *from, tb_emu_counters *to)
{
    enum { COUNT = sizeof *from / sizeof(int64_t) };
    int64_t a[COUNT], b[COUNT];
    memcpy(a, from, sizeof a);
    memcpy(b, to, sizeof b);
    for (size_t i = 0; i < COUNT; i++) {
        b[i] += a[i];
    }
    memcpy(to, b, sizeof b);
}

static tb_status run_step(tb_emu_program *program, const tb_cuda_step *step, const tb_emu_way *way,
                          tb_emu_counters *counters, tb_error *err)
{
    _Alignas(16) unsigned char params[TB_CUDA_PARAMS_BYTES];
    uint64_t addresses[64];
    void (*entry)(const void *params) = NULL;
    tb_status status = tb_emu_twin(step->variant, &entry, err);
    if (status != TB_OK) {
        return status;
    }
    for (int i = 0; i < program->program->buffers && i < 64; i++) {
        addresses[i] = (uint64_t)(uintptr_t)program->buffer[i];
    }
    tb_cuda_step_bind(step, addresses, params);
    tb_emu_launch launch = {.kernel = step->variant->name,
                            .entry = entry,
                            .grid = {(int)step->grid[0], (int)step->grid[1], (int)step->grid[2]},
                            .threads = step->variant->threads,
                            .shared_bytes = step->variant->shared_bytes,
                            .params = params,
                            .params_bytes = (size_t)step->params_bytes,
                            .schedule = way->schedule,
                            .seed = way->seed,
                            .host_threads = way->host_threads,
                            .is_mma_truncated = way->is_mma_truncated,
                            .is_exp2_perturbed = way->is_exp2_perturbed,
                            .unmasked = add_unmasked,
                            .user = program};
    tb_emu_fault fault;
    return tb_emu_run(program->memory, &launch, counters, &fault, err);
}

static void forget(tb_emu_program *program)
{
    for (int i = 0; i < program->program->buffers; i++) {
        tb_cuda_role role = program->program->buffer[i].role;
        if (role == TB_CUDA_O || role == TB_CUDA_LSE || role == TB_CUDA_SCRATCH) {
            tb_emu_forget(program->memory, program->buffer[i]);
        }
    }
    for (int64_t e = 0; program->counting != NULL && e < program->launch->tiles->visited; e++) {
        atomic_store(&program->counting[e], 0);
    }
    atomic_store(&program->unmasked, 0);
}

static tb_status download(const tb_emu_program *program, const tb_tensors *outputs, tb_error *err)
{
    const tb_cuda_buffer *buffer = program->program->buffer;
    tb_status status = tb_emu_download(program->memory, program->buffer[TB_CUDA_O], outputs->o,
                                       buffer[TB_CUDA_O].bytes, err);
    return status == TB_OK ? tb_emu_download(program->memory, program->buffer[TB_CUDA_LSE],
                                             outputs->lse, buffer[TB_CUDA_LSE].bytes, err)
                           : status;
}

tb_status tb_emu_program_run(tb_emu_program *program, const tb_emu_way *way,
                             const tb_tensors *outputs, tb_emu_did *did, tb_error *err)
{
    tb_status status = TB_OK;
    *did = (tb_emu_did){.by_entry = program->by_entry};
    forget(program);
    bool has_begun = false;
    for (int i = 0; status == TB_OK && i < program->program->steps; i++) {
        const tb_cuda_step *step = &program->program->step[i];
        tb_emu_counters counters = {0};
        if (step->stage == TB_CUDA_ATTENTION) {
            program->is_first = !has_begun; /* later ones: other heads */
            has_begun = true;
        }
        status = run_step(program, step, way, &counters, err);
        add_counters(&counters, &did->by_stage[step->stage]);
    }
    for (int64_t e = 0; program->counting != NULL && e < program->launch->tiles->visited; e++) {
        program->by_entry[e] = atomic_load(&program->counting[e]);
    }
    did->unmasked = atomic_load(&program->unmasked);
    return status == TB_OK ? download(program, outputs, err) : status;
}
