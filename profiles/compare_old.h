/* An earlier comparison, read back from its JSON, and what changed since. */
#ifndef TB_COMPARE_OLD_H
#define TB_COMPARE_OLD_H

#include "compare.h"

/** Points of MAPE by which a comparison may get worse unpunished: rounding, not a change. */
#define TB_MAPE_SLACK_PERCENT 0.05

typedef struct tb_old_run {
    const char *profile;
    const char *id;
    double error_percent;
} tb_old_run;

typedef struct tb_old_comparison {
    const char *path;
    size_t n;
    tb_stated mape_percent; /* not given where nothing was counted */
    tb_old_run *runs;
    size_t count;
    struct tb_yaml *file;   /* owned: JSON is YAML too */
    struct tb_arena *arena; /* owned */
} tb_old_comparison;

typedef enum tb_change_kind {
    TB_CHANGE_ERROR, /* another error than before */
    TB_CHANGE_NEW,   /* not there before */
    TB_CHANGE_GONE   /* there before, not compared now */
} tb_change_kind;

#define TB_CHANGE_KIND_COUNT 3

extern const char *const tb_change_kind_names[TB_CHANGE_KIND_COUNT];

typedef struct tb_change {
    tb_change_kind kind;
    const char *profile;
    const char *id;
    double old_error_percent; /* unset for a new run */
    double error_percent;     /* unset for one that is gone */
} tb_change;

/** Read what `compare --format json` wrote. TB_OK; TB_EFILE with the position; TB_ENOMEM. Free with
 *  tb_old_comparison_destroy(). */
TB_NODISCARD tb_status tb_old_comparison_load(const char *path, tb_old_comparison **out,
                                              tb_error *err);

/** Free; NULL is allowed. */
void tb_old_comparison_destroy(tb_old_comparison *old);

/** The runs whose errors differ by more than rounding (0.005 points), are new, or are gone; `out`
 *  holds room for the runs of both; returns how many. */
size_t tb_compare_changes(const tb_comparison *now, const tb_old_comparison *old, tb_change *out);

/** Is the MAPE worse than before, by more than TB_MAPE_SLACK_PERCENT, or gone? */
bool tb_compare_is_worse(const tb_comparison *now, const tb_old_comparison *old);

#endif
