/* Runs from the tables of natten.profiler, which name kernels and times but not the problem. */
#ifndef TB_NATTEN_IMPORT_H
#define TB_NATTEN_IMPORT_H

#include "attention_case.h"
#include "device.h"
#include "natten_table.h"
#include "yaml_builder.h"

/** natten.profiler's defaults: head dim 64, fp16, batch 1, heads 1; no layout. */
tb_case tb_natten_default_case(void);

/** What a table's kernels ran on and over. */
typedef struct tb_natten_setup {
    const tb_case *item;     /* normalized; its pass and baseline are not looked at */
    const tb_device *device; /* also checked against the kernels' architecture */
    const char *id;          /* of the forward run; "-backward" is appended for the other */
    const char *source;      /* or NULL */
    bool wants_backward;     /* a table without backward kernels is refused */
} tb_natten_setup;

/** The runs that a table holds, by pass. */
typedef struct tb_natten_runs {
    bool has_forward, has_backward;
    bool is_dense;      /* self attention over the whole layout: a baseline */
    const char *kernel; /* name of ours, or NULL */
    char kernel_text[160];
    double forward_us, backward_us;
    bool has_permute; /* permute_us is permuting tokens: a forward pass alone */
    double permute_us;
    char notes[240]; /* what else ran, or empty */
} tb_natten_runs;

/**
 * Work out what a table measured.
 *
 *   neighborhood attention (FnaForward, FnaBackward) by architecture; dense attention of NATTEN's
 *   FMHA, cuDNN, FlashAttention-2, xFormers; FlexAttention
 *   time: the attention kernels of a pass; with extra KV, those over it too
 *   permute_us: PyTorch's elementwise copies and NATTEN's token permutation, where the table is of
 *   a forward pass, needs them, and merges no outputs
 *
 * @return TB_OK; TB_EFILE with the line, for a table without attention kernels or with several, or
 *         kernels that do not fit the case or the device
 */
TB_NODISCARD tb_status tb_natten_interpret(const tb_natten_output *output,
                                           const tb_natten_table *table,
                                           const tb_natten_setup *setup, tb_natten_runs *out,
                                           tb_error *err);

/** Add a table's runs to the list `runs` of a profile that is open; `baseline`, `backward_baseline`
 *  are ids or NULL. What the builder returns. */
TB_NODISCARD tb_status tb_natten_add_runs(tb_yaml_builder *builder, const tb_natten_table *table,
                                          const tb_natten_setup *setup, const tb_natten_runs *runs,
                                          const char *baseline, const char *backward_baseline,
                                          tb_error *err);

#endif
