/* Processes that share one sweep: ranks of MPI where mpirun started us, else this one alone. */
#ifndef TB_RANKS_H
#define TB_RANKS_H

#include "buffer.h"
#include "status.h"

#include <stdbool.h>

struct tb_mpi_calls;

typedef struct tb_ranks {
    int rank, size;
    int local_rank;                   /* among those of this machine */
    const struct tb_mpi_calls *calls; /* NULL: one rank */
} tb_ranks;

/**
 * Join the other ranks. Without mpirun (its environment variables tell) MPI is not started at all.
 *
 * @return TB_OK; TB_EUNAVAILABLE where mpirun started us and we were built without MPI; TB_EIO
 */
TB_NODISCARD tb_status tb_ranks_open(tb_ranks *out, tb_error *err);

/** Leave; a zeroed one is allowed. */
void tb_ranks_close(tb_ranks *ranks);

/** End all ranks at once, when this one cannot go on and the others would wait for it. */
void tb_ranks_abort(const tb_ranks *ranks, int code);

/** Send bytes to a rank. TB_OK; TB_EIO. */
TB_NODISCARD tb_status tb_ranks_send(const tb_ranks *ranks, int to, const void *bytes,
                                     size_t length, tb_error *err);

/** Take a message, if one is there or `wait` says to wait for it; *from is -1 without one.
 *  TB_OK; TB_EIO; TB_ENOMEM. */
TB_NODISCARD tb_status tb_ranks_receive(const tb_ranks *ranks, bool wait, int *from, tb_buffer *out,
                                        tb_error *err);

/**
 * Agree whether to go on: all ranks call this once.
 *
 * @param[in]  status, why  of this rank's preparations
 * @param[out] go           none failed
 * @return rank 0: the first failure of any rank (in *err); other ranks: TB_OK; or TB_EIO
 */
TB_NODISCARD tb_status tb_ranks_agree(const tb_ranks *ranks, tb_status status, const tb_error *why,
                                      bool *go, tb_error *err);

#endif
