/* One configuration on a backend: its tensors and plan, launches, and the check of its output. Used
 * by measure.c. */
#ifndef TB_MEASURE_LAUNCH_H
#define TB_MEASURE_LAUNCH_H

#include "backend.h"
#include "input_store.h"
#include "profile.h"

typedef struct tb_prepared tb_prepared;

/**
 * Take inputs, and make the output and the plan of a launch.
 *
 * @param[in] launch  without tiles, which are listed here; borrowed
 * @param[in] inputs  borrowed until the launch is destroyed
 * @return TB_OK; TB_ENOMEM; what tb_tile_list_create() and tb_plan_create() return
 */
TB_NODISCARD tb_status tb_prepared_create(const tb_backend *backend, const tb_launch *launch,
                                          tb_input_store *inputs, uint64_t seed, tb_prepared **out,
                                          tb_error *err);

/** Free; NULL is allowed. */
void tb_prepared_destroy(tb_prepared *prepared);

/** Bytes of its tensors, also of those that it shares, and tiles. */
int64_t tb_prepared_bytes(const tb_prepared *prepared);

/** Run it, from the tensors in memory to the output in memory: a GPU's copies among it. */
TB_NODISCARD tb_status tb_prepared_run(tb_prepared *prepared, tb_run_times *times, tb_error *err);
bool tb_prepared_has_run(const tb_prepared *prepared);

/** Run it as it is timed: on a GPU on the inputs that the last tb_prepared_run() left there, which
 * a caller must have had. */
TB_NODISCARD tb_status tb_prepared_time(tb_prepared *prepared, tb_run_times *times, tb_error *err);

/** Overwrite a GPU's caches. */
TB_NODISCARD tb_status tb_prepared_flush(tb_prepared *prepared, tb_error *err);

/** A GPU's kernels of the last run, at most TB_RUN_KERNELS_MAX into `out`; returns how many. */
int tb_prepared_kernels(const tb_prepared *prepared, tb_run_kernel *out);

/** Read a GPU's hardware counters of its attention, after tb_prepared_run(). TB_OK; TB_EUNAVAILABLE
 *  where that is not permitted or not possible here; what the backend returns. */
TB_NODISCARD tb_status tb_prepared_hardware(tb_prepared *prepared, tb_hardware_counters *out,
                                            tb_error *err);

/**
 * Run once and compare rows of the output (the first, the last, and others drawn by seed) with
 * double precision.
 *
 * @param[out] out  written also where the output is wrong
 * @return TB_OK; TB_EINTERNAL for an output that is wrong; what the backend returns
 */
TB_NODISCARD tb_status tb_prepared_check(tb_prepared *prepared, int64_t rows, uint64_t seed,
                                         tb_run_check *out, tb_error *err);

/** Memory that is overwritten so that caches hold nothing else. */
typedef struct tb_cache_flush {
    unsigned char *memory;
    size_t bytes;
} tb_cache_flush;

/** Overwrite it, allocated by the first call with `bytes`. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_cache_flush_run(tb_cache_flush *flush, size_t bytes, tb_error *err);
void tb_cache_flush_free(tb_cache_flush *flush);

#endif
