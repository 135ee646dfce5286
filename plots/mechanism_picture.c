/* A mechanism's pattern over a layout as small as shows it. */
#include "mechanism_section.h"

#include "case_words.h"
#include "mask_picture.h"

#include <string.h>

/* Tried in turn, until less than this part of dense attention's tiles is visited. */
#define SPARSE 0.6
static const int64_t lengths[] = {4096, 16384, 65536};

/* A character is twice as high as wide. */
#define COLUMNS 48
#define ROWS    24

tb_status tb_mechanism_count(const tb_mechanism *mechanism, int64_t tokens,
                             tb_mechanism_result *out, tb_error *err)
{
    tb_problem problem = mechanism->problem;
    bool changed;
    problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
    tb_status status = tb_mechanism_layout(mechanism, &problem.layout, &changed, err);
    return status == TB_OK ? tb_mechanism_run(mechanism, &problem, NULL, NULL, 0, out, err)
                           : status;
}

/* The attention stage that visits the smallest part, of those that run. */
static const tb_stage_result *find_stage(const tb_mechanism_result *result)
{
    const tb_stage_result *best = NULL;
    for (size_t i = 0; i < result->stage_count; i++) {
        const tb_stage_result *stage = &result->stages[i];
        bool drawable = stage->has_census && strcmp(stage->kind, "attention") == 0 &&
                        stage->repeats > 0 && stage->dense_tiles > 0;
        if (drawable && (best == NULL ||
                         stage->visited / stage->dense_tiles < best->visited / best->dense_tiles)) {
            best = stage;
        }
    }
    return best;
}

/* Dense attention is no sparser over more tokens. */
static bool is_small_enough(const tb_stage_result *stage)
{
    tb_pattern_kind kind = stage->item.pattern.kind;
    return kind == TB_PATTERN_DENSE || kind == TB_PATTERN_CAUSAL ||
           stage->visited < SPARSE * stage->dense_tiles;
}

static tb_status draw(const tb_stage_result *stage, tb_buffer *out, tb_error *err)
{
    const tb_problem *problem = &stage->item.problem;
    int rank = problem->layout.rank;
    char pattern[256], layout[96];
    tb_mask_picture picture = {0};
    tb_status status = tb_mask_picture_tiles(problem, &stage->item.pattern, &stage->tiling, ROWS,
                                             COLUMNS, &picture, err);
    if (status != TB_OK) {
        return status;
    }
    tb_buffer_printf(out,
                     "\nStage %s, %s over %s tokens: %lld query tiles down, %lld KV tiles across, "
                     "%.1f %% of dense attention's visited",
                     stage->name, tb_view_pattern(&stage->item.pattern, rank, pattern),
                     tb_view_dims(problem->layout.extent, rank, layout),
                     (long long)picture.all_rows, (long long)picture.all_cols,
                     100 * stage->visited / stage->dense_tiles);
    if (picture.cell_rows > 1 || picture.cell_cols > 1) {
        tb_buffer_printf(out, " (a character stands for %lld x %lld)", (long long)picture.cell_rows,
                         (long long)picture.cell_cols);
    }
    tb_buffer_text(out, ".\n\n```text\n");
    tb_mask_picture_print(&picture, false, out);
    tb_buffer_text(out, "```\n");
    tb_mask_picture_free(&picture);
    return TB_OK;
}

tb_status tb_mechanism_picture(const tb_mechanism *mechanism, tb_buffer *out, tb_error *err)
{
    size_t last = sizeof lengths / sizeof *lengths - 1;
    for (size_t i = 0; i <= last; i++) {
        tb_mechanism_result result = {0};
        tb_status status = tb_mechanism_count(mechanism, lengths[i], &result, err);
        const tb_stage_result *stage = status == TB_OK ? find_stage(&result) : NULL;
        bool done = stage == NULL || i == last || is_small_enough(stage);
        if (status == TB_OK && stage == NULL) {
            tb_buffer_text(out, "\nNo stage has a pattern of tiles to draw.\n");
        } else if (status == TB_OK && done) {
            status = draw(stage, out, err);
        }
        tb_mechanism_result_release(&result);
        if (status != TB_OK || done) {
            return status;
        }
    }
    return TB_OK;
}
