/* What the kinds of stages share. Internal to models. */
#ifndef TB_STAGE_PARTS_H
#define TB_STAGE_PARTS_H

#include "stage.h"

/* The kinds, one file each. */
extern const tb_stage_kind tb_stage_attention, tb_stage_cross, tb_stage_product, tb_stage_stream,
    tb_stage_linear, tb_stage_fft, tb_stage_transfer, tb_stage_decode, tb_stage_distribute;

/** The value under a key, `otherwise` where it is absent; between `least` and `most`. TB_OK;
 *  TB_EFILE with the position. */
TB_NODISCARD tb_status tb_stage_number(const tb_stage *stage, const tb_stage_context *context,
                                       const char *key, double otherwise, double least, double *out,
                                       tb_error *err);

/** As above, at most 1. */
TB_NODISCARD tb_status tb_stage_fraction(const tb_stage *stage, const tb_stage_context *context,
                                         const char *key, double otherwise, double *out,
                                         tb_error *err);

/** As above, a whole number: 39321.6 tokens are refused, with the hint to write ceil(). */
TB_NODISCARD tb_status tb_stage_integer(const tb_stage *stage, const tb_stage_context *context,
                                        const char *key, int64_t otherwise, int64_t least,
                                        int64_t *out, tb_error *err);

/** The same for a node: of lists. */
TB_NODISCARD tb_status tb_stage_integer_of(const tb_yaml_node *node, const char *key,
                                           const tb_names *names, int64_t least, int64_t *out,
                                           tb_error *err);

/** One of `names` under a key; *out is left alone where it is absent. */
TB_NODISCARD tb_status tb_stage_word(const tb_stage *stage, const char *key,
                                     const char *const *names, size_t count, size_t *out,
                                     tb_error *err);

/** The rate under `rate`: absent, the dtype's own. */
TB_NODISCARD tb_status tb_stage_rate(const tb_stage *stage, const tb_stage_context *context,
                                     tb_matrix_rate *out, tb_error *err);

/** The rate at which a dtype's products run. */
tb_matrix_rate tb_dtype_rate(tb_dtype dtype);

/** A key that must be there. */
TB_NODISCARD tb_status tb_stage_need(const tb_stage *stage, const char *key, tb_error *err);

/** Fill in times of a result's work, where the context has a device. */
TB_NODISCARD tb_status tb_stage_time_work(const tb_stage_context *context, tb_stage_result *result,
                                          tb_error *err);

/** Batch, heads and head dims of a stage: its keys, else the problem's. heads_kv of fewer heads
 * than the problem's are their part of its KV heads, at least one. */
TB_NODISCARD tb_status tb_stage_shape(const tb_stage *stage, const tb_stage_context *context,
                                      tb_problem *out, tb_error *err);

/** How attention stages change what the kernel costs. */
typedef struct tb_attention_traits {
    tb_matrix_rate rate;
    double kv_bytes; /* of an element of K and V in memory */
    double softmax;  /* part of softmax's instructions and exponentials */
} tb_attention_traits;

TB_NODISCARD tb_status tb_stage_traits(const tb_stage *stage, const tb_stage_context *context,
                                       tb_attention_traits *out, tb_error *err);

/** An attention launch to time. */
typedef struct tb_attention_launch {
    const tb_time_case *item;
    const tb_attention_traits *traits;
    double keys;       /* tokens of K and V in memory: with extra ones, or cross attention's */
    double more_bytes; /* beside operands and outputs, through HBM meanwhile */
} tb_attention_launch;

/** Its work: tiles as they are visited, operands once. */
tb_work tb_attention_work(const tb_problem *problem, double tile_pairs, double keys,
                          const tb_attention_traits *traits);

/** Fill in the time of an attention launch; tb_time_predict() with another tensor rate, softmax and
 *  K and V bytes. */
TB_NODISCARD tb_status tb_attention_time(const tb_attention_launch *launch, tb_stage_result *result,
                                         tb_error *err);

/** The kernel of a stage: its own `kernel`, loaded, else the context's. *owned is to be destroyed.
 */
TB_NODISCARD tb_status tb_stage_kernel(const tb_stage *stage, const tb_stage_context *context,
                                       bool sees_all, tb_kernel **owned, const tb_kernel **out,
                                       tb_error *err);

/** The keys q_tile and kv_tile. */
TB_NODISCARD tb_status tb_stage_tiles(const tb_stage *stage, const tb_stage_context *context,
                                      tb_tiling_request *out, tb_error *err);

/** Read the pattern under `node`, whose numbers may be expressions, into the case, whose layout is
 *  there. TB_OK; TB_EFILE with the position; TB_EINVAL; TB_ENOMEM. */
TB_NODISCARD tb_status tb_stage_pattern(const tb_yaml_node *node, const tb_stage_context *context,
                                        tb_case *item, tb_error *err);

/** Spread `visited` tiles evenly over the census' query tiles, at least one each: fills visited,
 *  full, min and max, and an entry a query tile, which the caller frees. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_stage_spread(tb_census *census, double visited, tb_q_tile_count **out,
                                       tb_error *err);

/** Attention that gathers the mask blocks of `item`, in the order of the key `loop`. */
TB_NODISCARD tb_status tb_stage_gather_of(const tb_stage *stage, const tb_stage_context *context,
                                          const tb_case *item, tb_stage_result *out, tb_error *err);

/** Cross attention of `queries` x `keys`, with `fraction` of the tiles. */
TB_NODISCARD tb_status tb_stage_cross_of(const tb_stage *stage, const tb_stage_context *context,
                                         int64_t queries, int64_t keys, double fraction,
                                         tb_stage_result *out, tb_error *err);

/** The case that an attention stage's keys describe; to be released also on failure. */
TB_NODISCARD tb_status tb_stage_case(const tb_stage *stage, const tb_stage_context *context,
                                     tb_case *out, tb_error *err);

/** Count and time a case on one device: all of an attention stage's result but the case itself. */
TB_NODISCARD tb_status tb_stage_attention_of(const tb_stage *stage, const tb_stage_context *context,
                                             tb_case *item, tb_stage_result *out, tb_error *err);

#endif
