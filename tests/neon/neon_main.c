/* The CPU backend as compiled for aarch64: a handful of problems that use every feature, with NEON
 * and with plain C, against the double-precision reference; and NEON's exponential. */
#include "attention_check.h"
#include "backend_types.h"
#include "cpu_isa.h"
#include "exp2_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No GPU here: its row of the table of backends, without CUDA's libraries behind it. */
const tb_backend tb_backend_cuda = {.name = "cuda"};

#define EXP2_STEP 6101 /* emulation is slow: every 61st float takes minutes */

/* One problem. */
typedef struct neon_case {
    const char *name;
    tb_layout layout;
    tb_pattern_kind kind;
    int64_t window[TB_MAX_RANK], stride[TB_MAX_RANK], dilation[TB_MAX_RANK];
    bool causal[TB_MAX_RANK];
    tb_tiling tiling;
    int64_t heads, heads_kv, dim, dim_value, extra_kv, extra_q;
    tb_dtype dtype;
    double logits;
} neon_case;

static const neon_case cases[] = {
    {.name = "dense",
     .layout = {1, {100}},
     .tiling = {.q_tile = {24}, .kv_tile = {20}},
     .heads = 2,
     .heads_kv = 1,
     .dim = 64,
     .dim_value = 40,
     .logits = 3},
    {.name = "causal, huge logits",
     .layout = {1, {77}},
     .kind = TB_PATTERN_CAUSAL,
     .tiling = {.q_tile = {16}, .kv_tile = {16}},
     .heads = 1,
     .heads_kv = 1,
     .dim = 128,
     .dim_value = 128,
     .logits = 900},
    {.name = "rank 2, strided, dilated, bf16, extra tokens",
     .layout = {2, {12, 18}},
     .kind = TB_PATTERN_GNA,
     .window = {3, 8},
     .stride = {2, 3},
     .dilation = {3, 2},
     .tiling = {.q_tile = {2, 4}, .kv_tile = {2, 5}},
     .heads = 3,
     .heads_kv = 3,
     .dim = 72,
     .dim_value = 24,
     .extra_kv = 7,
     .extra_q = 5,
     .dtype = TB_DTYPE_BF16,
     .logits = 1},
    {.name = "rank 3, dynamic KV tiles",
     .layout = {3, {6, 7, 8}},
     .kind = TB_PATTERN_GNA,
     .window = {3, 4, 5},
     .stride = {1, 2, 1},
     .dilation = {1, 1, 1},
     .causal = {true, false, false},
     .tiling = {.kv_tiling = TB_KV_DYNAMIC, .q_tile = {2, 2, 4}, .kv_tile = {2, 2, 3}},
     .heads = 2,
     .heads_kv = 2,
     .dim = 32,
     .dim_value = 32,
     .logits = 0.01},
    {.name = "rank 2 along a Hilbert curve",
     .layout = {2, {11, 9}},
     .kind = TB_PATTERN_GNA,
     .window = {5, 3},
     .stride = {1, 1},
     .dilation = {2, 1},
     .tiling =
         {.kind = TB_TILING_SINGLE_DIM, .order = TB_ORDER_HILBERT, .q_tile = {16}, .kv_tile = {12}},
     .heads = 1,
     .heads_kv = 1,
     .dim = 256,
     .dim_value = 16,
     .logits = 5},
};

static tb_launch launch_of(const neon_case *c)
{
    tb_launch launch = tb_launch_default();
    tb_problem *p = &launch.problem;
    p->layout = c->layout;
    p->batch = 2;
    p->heads = c->heads;
    p->heads_kv = c->heads_kv;
    p->dim = c->dim;
    p->dim_value = c->dim_value;
    p->extra_kv = c->extra_kv;
    p->extra_q = c->extra_q;
    p->dtype = c->dtype;
    launch.pattern.kind = c->kind;
    for (int d = 0; c->kind == TB_PATTERN_GNA && d < c->layout.rank; d++) {
        launch.pattern.window[d] = c->window[d];
        launch.pattern.stride[d] = c->stride[d];
        launch.pattern.dilation[d] = c->dilation[d];
        launch.pattern.causal[d] = c->causal[d];
    }
    launch.tiling = c->tiling;
    launch.threads = 2;
    return launch;
}

/* Is this run right? Says so if not. */
static bool is_right(const neon_case *c, const tb_launch *launch, double *worst)
{
    tb_attention_check check = {.logit_size = c->logits, .seed = 20250422, .rows = 24};
    tb_error err;
    if (tb_attention_run(tb_backends[0], launch, &check, &err) != TB_OK) {
        printf("%s: %s\n", c->name, err.message);
        return false;
    }
    *worst = check.worst > *worst ? check.worst : *worst;
    if (check.worst > 1 || check.unmasked_wrong != 0) {
        printf("%s, %s: %g of its bound, %lld tiles left other pairs unmasked\n", c->name,
               tb_implementation_names[launch->implementation], check.worst,
               (long long)check.unmasked_wrong);
        return false;
    }
    return true;
}

static bool run_case(const neon_case *c, double *worst)
{
    tb_launch launch = launch_of(c);
    tb_tile_list *list = NULL;
    tb_error err;
    if (tb_tile_list_create(&launch.problem, &launch.pattern, &launch.tiling, &list, &err) !=
        TB_OK) {
        printf("%s: %s\n", c->name, err.message);
        return false;
    }
    launch.tiles = list;
    launch.is_counting = true;
    bool all_right = is_right(c, &launch, worst);
    launch.is_counting = false;
    launch.implementation = TB_IMPLEMENTATION_NAIVE;
    all_right = is_right(c, &launch, worst) && all_right;
    launch.implementation = TB_IMPLEMENTATION_UNFUSED;
    all_right = is_right(c, &launch, worst) && all_right;
    launch.implementation = TB_IMPLEMENTATION_DECODE;
    launch.problem.extra_q = 0;
    all_right = is_right(c, &launch, worst) && all_right;
    tb_tile_list_destroy(list);
    return all_right;
}

int main(void)
{
    static const char *const names[] = {"neon", "portable"};
    const tb_cpu_isa *isa;
    tb_error err;
    bool all_right = true;
    if (tb_cpu_isa_choose(NULL, &isa, &err) != TB_OK || strcmp(isa->name, "neon") != 0) {
        printf("the best instruction set here is not NEON\n");
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        double worst = 0;
        (void)setenv("TILEBOUND_CPU_ISA", names[i], 1);
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            all_right = run_case(&cases[c], &worst) && all_right;
        }
        printf("%s: %zu problems, 4 implementations each, worst %.2f of its bound\n", names[i],
               sizeof cases / sizeof *cases, worst);
    }
    int64_t tried;
    double ulp = tb_exp2_worst_ulp(isa, EXP2_STEP, &tried);
    printf("exp2: %.3f ulp over %lld floats\n", ulp, (long long)tried);
    return all_right && ulp <= isa->exp2_ulp ? 0 : 1;
}
