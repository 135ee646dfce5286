/* Tokens into the order of tiles and back, as steps of a program. */
#include "checked.h"
#include "cuda_program_permute.h"

/* One step: up to TB_PERMUTE_TENSORS tensors of one side. */
typedef struct tensor_move {
    int from, to; /* buffers */
    int64_t row_bytes;
} tensor_move;

typedef struct side_move {
    bool is_back; /* from slots to tokens */
    int table;    /* buffer of the token by slot */
    int64_t tokens, slots;
    int tensors;
    tensor_move tensor[TB_PERMUTE_TENSORS];
} side_move;

static tb_permute_params params_of(const side_move *move, int64_t batch, int64_t *ctas)
{
    tb_permute_params params = {
        .tokens = move->tokens, .slots = move->slots, .batch = (tb_i32)batch};
    *ctas = 1;
    for (int i = 0; i < move->tensors; i++) {
        int64_t bytes = move->tensor[i].row_bytes, word = bytes % 16 == 0 ? 16 : 4;
        params.tensor[i].row_bytes = bytes;
        *ctas = tb_max(*ctas, TB_PERMUTE_CTAS(move->slots, batch, bytes, word));
    }
    return params;
}

static tb_status add_move(tb_cuda_plan *plan, const side_move *move, tb_error *err)
{
    tb_cuda_wanted wanted = {.kernel = move->is_back ? "token_unpermute" : "token_permute",
                             .is_any_dtype = true};
    const tb_cuda_variant *variant = NULL;
    tb_cuda_step *step = NULL;
    int64_t grid[3] = {0, move->tensors, 1};
    tb_permute_params params = params_of(move, plan->launch->problem.batch, &grid[0]);
    tb_status status = tb_cuda_choose(plan, &wanted, &variant, err);
    if (status == TB_OK) {
        status =
            tb_cuda_add_step(plan, variant, move->is_back ? TB_CUDA_UNPERMUTE : TB_CUDA_PERMUTE,
                             grid, &params, sizeof params, &step, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_cuda_point(step, offsetof(tb_permute_params, tokens_of), move->table);
    for (int i = 0; i < move->tensors; i++) {
        size_t at = offsetof(tb_permute_params, tensor) + (size_t)i * sizeof(tb_permute_tensor);
        tb_cuda_point(step, at + offsetof(tb_permute_tensor, from), move->tensor[i].from);
        tb_cuda_point(step, at + offsetof(tb_permute_tensor, to), move->tensor[i].to);
    }
    return TB_OK;
}

/* A copy of a tensor in slots: heads * dim elements of `bytes` a row. */
static tb_status add_copy(tb_cuda_plan *plan, const char *name, const side_move *move,
                          int64_t heads, int64_t dim, int64_t bytes, int *buffer, tb_error *err)
{
    int64_t shape[4] = {plan->launch->problem.batch, move->slots, heads, dim};
    return tb_cuda_add_tensor(plan, TB_CUDA_SCRATCH, name, shape, bytes, buffer, err);
}

static tb_status add_table(tb_cuda_plan *plan, const char *name, const tb_slots *slots,
                           side_move *move, tb_error *err)
{
    void *room = NULL;
    move->slots = slots->tiles * slots->capacity;
    tb_status status =
        tb_cuda_add_constant(plan, name, move->slots, sizeof(tb_i32), &move->table, &room, err);
    for (int64_t s = 0; status == TB_OK && s < move->slots; s++) {
        ((tb_i32 *)room)[s] = (tb_i32)slots->token[s];
    }
    return status;
}

static tb_status permute_q(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_cuda_sides *sides,
                           tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    int64_t bytes = tb_dtype_bytes(p->dtype);
    side_move move = {.tokens = tb_launch_q_tokens(plan->launch), .tensors = 1};
    tb_status status = add_table(plan, "q_tokens", &tiles->q, &move, err);
    if (status == TB_OK) {
        status = add_copy(plan, "permuted q", &move, p->heads, p->dim, bytes, &sides->q, err);
    }
    if (status == TB_OK) {
        status = add_copy(plan, "permuted o", &move, p->heads, p->dim_value, bytes, &sides->o, err);
    }
    if (status == TB_OK) {
        status = add_copy(plan, "permuted lse", &move, p->heads, 1, (int64_t)sizeof(float),
                          &sides->lse, err);
    }
    if (status != TB_OK) {
        return status;
    }
    sides->q_table = move.table;
    move.tensor[0] = (tensor_move){TB_CUDA_Q, sides->q, p->heads * p->dim * bytes};
    return add_move(plan, &move, err);
}

static tb_status permute_kv(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_cuda_sides *sides,
                            tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    int64_t bytes = tb_dtype_bytes(p->dtype);
    side_move move = {.tokens = tb_launch_kv_tokens(plan->launch), .tensors = 2};
    tb_status status = add_table(plan, "kv_tokens", &tiles->kv, &move, err);
    if (status == TB_OK) {
        status = add_copy(plan, "permuted k", &move, p->heads_kv, p->dim, bytes, &sides->k, err);
    }
    if (status == TB_OK) {
        status =
            add_copy(plan, "permuted v", &move, p->heads_kv, p->dim_value, bytes, &sides->v, err);
    }
    if (status != TB_OK) {
        return status;
    }
    move.tensor[0] = (tensor_move){TB_CUDA_K, sides->k, p->heads_kv * p->dim * bytes};
    move.tensor[1] = (tensor_move){TB_CUDA_V, sides->v, p->heads_kv * p->dim_value * bytes};
    return add_move(plan, &move, err);
}

tb_status tb_cuda_add_permutes(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_cuda_sides *sides,
                               tb_error *err)
{
    *sides = (tb_cuda_sides){TB_CUDA_Q, TB_CUDA_K, TB_CUDA_V, TB_CUDA_O, TB_CUDA_LSE, -1};
    tb_status status = TB_OK;
    if (tiles->q.is_permuted) {
        status = permute_q(plan, tiles, sides, err);
    }
    if (status == TB_OK && tiles->kv.is_permuted) {
        status = permute_kv(plan, tiles, sides, err);
    }
    return status;
}

tb_status tb_cuda_add_unpermutes(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                 const tb_cuda_sides *sides, tb_error *err)
{
    if (!tiles->q.is_permuted) {
        return TB_OK;
    }
    const tb_problem *p = &plan->launch->problem;
    int64_t bytes = tb_dtype_bytes(p->dtype);
    side_move move = {.is_back = true,
                      .table = sides->q_table,
                      .tokens = tb_launch_q_tokens(plan->launch),
                      .slots = tiles->q_rows,
                      .tensors = 2,
                      .tensor = {{sides->o, TB_CUDA_O, p->heads * p->dim_value * bytes},
                                 {sides->lse, TB_CUDA_LSE, p->heads * (int64_t)sizeof(float)}}};
    return add_move(plan, &move, err);
}
