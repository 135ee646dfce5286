/* docs/mechanisms.md: every mechanism with its pattern, stages, parameters and claims, from the
 * same data as the audit. */
#ifndef TB_MECHANISM_PAGE_H
#define TB_MECHANISM_PAGE_H

#include "audit.h"
#include "buffer.h"

/** A mechanism with its claims judged; borrowed. */
typedef struct tb_mechanism_entry {
    const tb_mechanism *mechanism;
    const tb_judgement *judgements; /* claim_count of them */
} tb_mechanism_entry;

/**
 * Write the page: an index by family and phase, then a section each in the order given.
 *
 * Work of stages is of the mechanism's own heads and head dim; its growth is the exponent between
 * two lengths, log(w(4N) / w(N)) / log 4.
 *
 * @return TB_OK; as tb_mechanism_run(); TB_ENOMEM
 */
TB_NODISCARD tb_status tb_mechanism_page(const tb_mechanism_entry *entries, size_t count,
                                         tb_buffer *out, tb_error *err);

#endif
