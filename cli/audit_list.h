/* What an audit judged: mechanisms with their claims, and how the verdicts differ from the table's.
 */
#ifndef TB_AUDIT_LIST_H
#define TB_AUDIT_LIST_H

#include "audit.h"
#include "verdict_table.h"

/** A mechanism with its claims judged. */
typedef struct tb_audited {
    tb_mechanism *mechanism;  /* owned; NULL: of a claim about a problem */
    tb_judgement *judgements; /* owned */
    size_t count;
    bool is_known; /* one of ours, whose verdicts are in the table; else a file of the user's */
} tb_audited;

/** A verdict that is not the table's. */
typedef struct tb_audit_difference {
    const char *mechanism, *metric;
    int64_t number;
    const char *now, *table; /* NULL: no such claim */
} tb_audit_difference;

typedef struct tb_audit_list {
    tb_audited *items; /* owned */
    size_t count;
    size_t claims;                    /* of all of them */
    tb_verdict_table *table;          /* owned; NULL: nothing to compare with */
    tb_audit_difference *differences; /* owned */
    size_t difference_count;
} tb_audit_list;

/** Judge the claims of mechanisms by name or file; all known ones without any. Release in any
 *  event. */
TB_NODISCARD tb_status tb_audit_list_fill(const char *const *names, size_t count,
                                          tb_audit_list *out, tb_error *err);

void tb_audit_list_release(tb_audit_list *list);

#endif
