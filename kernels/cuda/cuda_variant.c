#include "cuda_variant.h"

#include "decode_params.h"
#include "fmha_layout.h"
#include "gemm_params.h"
#include "merge_params.h"
#include "microbench_params.h"
#include "naive_params.h"
#include "permute_params.h"

#include <string.h>

#define TB_ARCHES_ALL   (TB_SM_80 | TB_SM_86 | TB_SM_89 | TB_SM_90 | TB_SM_100 | TB_SM_120)
#define TB_ARCHES_BIG   (TB_SM_80 | TB_SM_90 | TB_SM_100) /* by shared memory */
#define TB_ARCHES_SMALL (TB_SM_86 | TB_SM_89 | TB_SM_120)

const int tb_cuda_arch_sm[TB_CUDA_ARCH_COUNT] = {80, 86, 89, 90, 100, 120};

const int64_t tb_cuda_arch_shared_bytes[TB_CUDA_ARCH_COUNT] = {163 * 1024, 99 * 1024,  99 * 1024,
                                                               227 * 1024, 227 * 1024, 99 * 1024};

/* The rows of cuda_variant_table.h, whose macros are these. */
#define TB_FMHA_OF(type, TYPE, d, v, q, k, stage_count, rows, ctas, set)                           \
    {.name = "fmha_fwd_" #type "_d" #d "_v" #v "_q" #q "_k" #k "_s" #stage_count,                  \
     .kernel = "fmha_fwd",                                                                         \
     .source = "fmha_fwd.cu",                                                                      \
     .options = {"-DTB_" #TYPE, "-DTB_DIM=" #d, "-DTB_DIM_VALUE=" #v, "-DTB_Q_TILE=" #q,           \
                 "-DTB_KV_TILE=" #k, "-DTB_STAGES=" #stage_count, "-DTB_WARP_ROWS=" #rows,         \
                 "-DTB_MIN_CTAS=" #ctas},                                                          \
     .arches = TB_ARCHES_##set,                                                                    \
     .dtype = TB_DTYPE_##TYPE,                                                                     \
     .dim = (d),                                                                                   \
     .dim_value = (v),                                                                             \
     .q_tile = (q),                                                                                \
     .kv_tile = (k),                                                                               \
     .threads = TB_FMHA_THREADS(q, rows),                                                          \
     .min_ctas = (ctas),                                                                           \
     .shared_bytes = TB_FMHA_SHARED_BYTES(d, v, q, k, stage_count)},

#define TB_FMHA(...) TB_FMHA_OF(bf16, BF16, __VA_ARGS__) TB_FMHA_OF(fp16, FP16, __VA_ARGS__)

#define TB_FMHA_FP32(d, ctas)                                                                      \
    {.name = "fmha_fwd_fp32_d" #d,                                                                 \
     .kernel = "fmha_fwd_fp32",                                                                    \
     .source = "fmha_fwd_fp32.cu",                                                                 \
     .options = {"-DTB_DIM=" #d, "-DTB_MIN_CTAS=" #ctas},                                          \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_FP32,                                                                       \
     .dim = (d),                                                                                   \
     .dim_value = (d),                                                                             \
     .threads = TB_FMHA_FP32_THREADS,                                                              \
     .min_ctas = (ctas),                                                                           \
     .shared_bytes = TB_FMHA_FP32_SHARED_BYTES(d)},

#define TB_PERMUTE(function)                                                                       \
    {.name = #function,                                                                            \
     .kernel = #function,                                                                          \
     .source = "token_permute.cu",                                                                 \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_FP32, /* it moves rows of any */                                            \
     .threads = TB_PERMUTE_THREADS,                                                                \
     .min_ctas = TB_PERMUTE_MIN_CTAS},

#define TB_MERGE(type, TYPE)                                                                       \
    {.name = "merge_" #type,                                                                       \
     .kernel = "merge",                                                                            \
     .source = "merge.cu",                                                                         \
     .options = {"-DTB_" #TYPE},                                                                   \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_##TYPE,                                                                     \
     .dim = TB_MERGE_DIM_MAX,                                                                      \
     .dim_value = TB_MERGE_DIM_MAX,                                                                \
     .threads = TB_MERGE_THREADS,                                                                  \
     .min_ctas = TB_MERGE_MIN_CTAS},

#define TB_NAIVE(type, TYPE)                                                                       \
    {.name = "na_naive_" #type,                                                                    \
     .kernel = "na_naive",                                                                         \
     .source = "na_naive.cu",                                                                      \
     .options = {"-DTB_" #TYPE},                                                                   \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_##TYPE,                                                                     \
     .dim = TB_NAIVE_DIM_MAX,                                                                      \
     .dim_value = TB_NAIVE_DIM_MAX,                                                                \
     .threads = TB_NAIVE_THREADS,                                                                  \
     .min_ctas = 1},

#define TB_GEMM_OF(step, type, TYPE, bytes)                                                        \
    {.name = "na_gemm_" #step "_" #type,                                                           \
     .kernel = "na_gemm_" #step,                                                                   \
     .source = "na_gemm.cu",                                                                       \
     .options = {"-DTB_" #TYPE},                                                                   \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_##TYPE,                                                                     \
     .dim = TB_GEMM_DIM_MAX,                                                                       \
     .dim_value = TB_GEMM_DIM_MAX,                                                                 \
     .q_tile = TB_GEMM_TILE,                                                                       \
     .kv_tile = TB_GEMM_TILE,                                                                      \
     .threads = TB_GEMM_THREADS,                                                                   \
     .min_ctas = 1,                                                                                \
     .shared_bytes = (bytes)},

#define TB_GEMM(type, TYPE)                                                                        \
    TB_GEMM_OF(scores, type, TYPE, TB_GEMM_SCORES_SHARED_BYTES)                                    \
    TB_GEMM_OF(softmax, type, TYPE, 0)                                                             \
    TB_GEMM_OF(values, type, TYPE, TB_GEMM_VALUES_SHARED_BYTES)

#define TB_DECODE_OF(type, TYPE, d, v, slots, ctas)                                                \
    {.name = "fmha_decode_" #type "_d" #d "_v" #v,                                                 \
     .kernel = "fmha_decode",                                                                      \
     .source = "fmha_decode.cu",                                                                   \
     .options = {"-DTB_" #TYPE, "-DTB_DIM=" #d, "-DTB_DIM_VALUE=" #v, "-DTB_SLOTS=" #slots,        \
                 "-DTB_MIN_CTAS=" #ctas},                                                          \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_##TYPE,                                                                     \
     .dim = (d),                                                                                   \
     .dim_value = (v),                                                                             \
     .q_tile = TB_DECODE_ROWS,                                                                     \
     .kv_tile = TB_DECODE_KV_TILE,                                                                 \
     .threads = TB_DECODE_WARPS * 32,                                                              \
     .min_ctas = (ctas),                                                                           \
     .shared_bytes = TB_DECODE_SHARED_BYTES(d, v, slots)},

#define TB_DECODE(...) TB_DECODE_OF(bf16, BF16, __VA_ARGS__) TB_DECODE_OF(fp16, FP16, __VA_ARGS__)

#define TB_DECODE_REDUCE()                                                                         \
    {.name = "fmha_decode_reduce",                                                                 \
     .kernel = "fmha_decode_reduce",                                                               \
     .source = "fmha_decode_reduce.cu",                                                            \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_FP32,                                                                       \
     .dim_value = TB_DECODE_REDUCE_DIM,                                                            \
     .threads = TB_DECODE_REDUCE_THREADS,                                                          \
     .min_ctas = 1,                                                                                \
     .shared_bytes = TB_DECODE_REDUCE_SHARED_BYTES},

#define TB_MICROBENCH()                                                                            \
    {.name = "microbench",                                                                         \
     .kernel = "microbench",                                                                       \
     .source = "microbench.cu",                                                                    \
     .arches = TB_ARCHES_ALL,                                                                      \
     .dtype = TB_DTYPE_FP32,                                                                       \
     .threads = TB_MICROBENCH_THREADS,                                                             \
     .min_ctas = 1,                                                                                \
     .shared_bytes = TB_MICROBENCH_SHARED_BYTES},

const tb_cuda_variant tb_cuda_variants[] = {
#include "cuda_variant_table.h"
};

const int tb_cuda_variant_count = (int)(sizeof tb_cuda_variants / sizeof tb_cuda_variants[0]);

_Static_assert(sizeof tb_cuda_variants / sizeof tb_cuda_variants[0] <= 64,
               "compile time and code are bounded: 64 variants in all");

const tb_cuda_variant *tb_cuda_variant_find(const char *name)
{
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        if (strcmp(tb_cuda_variants[i].name, name) == 0) {
            return &tb_cuda_variants[i];
        }
    }
    return NULL;
}
