/* Runs what is missing of a study: by the threads of this process, and by other ranks. */
#ifndef TB_STUDY_RUN_H
#define TB_STUDY_RUN_H

#include "ranks.h"
#include "study_store.h"

/** How far a study is. */
typedef struct tb_study_progress {
    int64_t done, total; /* points */
    double rate_per_s;   /* of this run; 0 before it is known */
    double left_s;       /* at that rate; 0 before it is known */
} tb_study_progress;

/** Called a few times a second, and at the end; *stop ends the run, with what was done kept. */
typedef void tb_study_progress_fn(const tb_study_progress *progress, void *user, bool *stop);

typedef struct tb_study_run_options {
    int threads;                    /* of each process; 0: all of this machine, with ranks 1 */
    int64_t batch;                  /* most points that are committed at once; 0: 4096 */
    tb_study_progress_fn *progress; /* or NULL */
    void *user;
} tb_study_run_options;

/**
 * Rank 0: hand out and evaluate what is missing, and commit it in batches. The rows, by their
 * points, are the same whatever the threads and ranks.
 *
 * @param[out] is_stopped  progress asked for it; may be NULL
 * @return TB_OK; TB_EIO with what was committed kept; TB_ENOMEM; TB_EINTERNAL
 */
TB_NODISCARD tb_status tb_study_run(const tb_study *study, tb_study_store *store,
                                    const tb_ranks *ranks, const tb_study_run_options *options,
                                    bool *is_stopped, tb_error *err);

/** Other ranks: evaluate what rank 0 hands out, until it says that all is done. TB_OK; TB_EIO. */
TB_NODISCARD tb_status tb_study_serve(const tb_study *study, const tb_ranks *ranks,
                                      const tb_study_run_options *options, tb_error *err);

#endif
