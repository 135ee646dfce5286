/* Measures attention on a backend, into a profile: each problem beside its dense baseline, in turn,
 * checked before it is timed. */
#ifndef TB_MEASURE_H
#define TB_MEASURE_H

#include "backend.h"
#include "input_store.h"
#include "predict.h"
#include "profile.h"
#include "sampling.h"

/** Prints the command that measures one case alone. */
typedef void tb_measure_command_fn(const tb_case *item, void *user, tb_buffer *out);

/** Reads what tells disturbed launches from others. */
typedef tb_status tb_read_noise_fn(tb_noise_reading *out, tb_error *err);

typedef struct tb_measure_options {
    const tb_backend *backend;
    const tb_kernel *kernel; /* model of its fused kernel: tiles, and the name that runs get */
    tb_implementation implementation;
    int threads;            /* 0 = all */
    bool is_cold;           /* flush the caches before each sample */
    bool is_counting;       /* read hardware counters once all is timed; the backend has them */
    bool is_processor_time; /* times are of the processor, not of the wall: of one thread only */
    uint64_t seed;          /* of what tensors hold, and of the rows that are checked */
    int64_t check_rows;     /* of each configuration's output, >= 1 */
    int64_t kept_bytes;     /* of tensors and plans that stay between visits */
    tb_sampling_options sampling;
    tb_read_noise_fn *read_noise;         /* this system\'s; tests have their own */
    tb_input_store *inputs;               /* of several measurements, or NULL: of this one */
    const tb_messages *notes;             /* of the profile, or NULL */
    tb_measure_command_fn *print_command; /* or NULL */
    void *command_user;
} tb_measure_options;

/** The CPU backend's fused kernel; 16 rows checked, 1 GiB kept, default sampling; kernel unset. */
tb_measure_options tb_measure_default(void);

/** How many bytes of tensors and plans may stay between visits on a GPU: most of its memory, but
 * not more than half of the host's, where copies are. `root` stands before the paths of the system
 * ("" but in tests). */
int64_t tb_measure_kept_on_gpu(const char *root, int64_t device_bytes);

typedef struct tb_measure tb_measure;

/** Where a measurement is. */
typedef struct tb_measure_progress {
    const char *id;     /* of the configuration just visited */
    size_t done, count; /* configurations that need no more samples, and all */
    size_t round;
} tb_measure_progress;

/** Called after every launch with `visited` false, and at the end of each visit with true; *stop
 *  ends the measurement. An error ends it too. */
typedef tb_status tb_measure_progress_fn(const tb_measure_progress *progress, bool visited,
                                         void *user, bool *stop, tb_error *err);

/**
 * Start with no problem. Everything given is borrowed.
 *
 * @param[in] facts        of the device
 * @param[in] device       its model, written into the profile; may be NULL
 * @param[in] environment  written into the profile too; isa, threads and GPU are filled in here
 * @return TB_OK; TB_EINVAL; TB_EUNAVAILABLE with the backend's reason; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_measure_create(const tb_measure_options *options,
                                         const tb_device_facts *facts, tb_device *device,
                                         const tb_environment *environment, tb_measure **out,
                                         tb_error *err);

/** Free; NULL is allowed. */
void tb_measure_destroy(tb_measure *measure);

/**
 * Add a problem and, unless it is there already or the problem is dense, its dense baseline: the
 * same tokens in one dimension, with tiles of the same sizes.
 *
 * @param[in] id    unique; copied
 * @param[in] item  normalized; borrowed until the end
 * @return TB_OK; TB_EINVAL for a second problem of an id or one that makes no sense;
 *         TB_EUNAVAILABLE for one that the backend cannot run; TB_ENOMEM; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_measure_add(tb_measure *measure, const char *id, const tb_case *item,
                                      tb_error *err);

/**
 * Take over the finished runs of an earlier profile of the same problems.
 *
 * @param[in] before  borrowed until the end
 * @return TB_OK; TB_EINVAL when a run of it is none of these problems, or was measured otherwise
 */
TB_NODISCARD tb_status tb_measure_resume(tb_measure *measure, const tb_profile *before,
                                         tb_error *err);

/**
 * Measure what is open.
 *
 * @param[out] is_stopped  progress asked for it
 * @return TB_OK; TB_EINTERNAL for an output that is wrong (its run is not recorded); what the
 *         backend and `progress` return
 */
TB_NODISCARD tb_status tb_measure_run(tb_measure *measure, tb_measure_progress_fn *progress,
                                      void *user, bool *is_stopped, tb_error *err);

/** Why hardware counters could not be read, or NULL. */
const char *tb_measure_why_no_counters(const tb_measure *measure);

/** Put another model of the same device into the profile; borrowed. */
void tb_measure_set_device(tb_measure *measure, tb_device *device);

/** The runs measured so far, as a profile that borrows from `measure`; NULL before the first
 *  sample. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_measure_profile(tb_measure *measure, const tb_profile **out,
                                          tb_error *err);

/** The prediction of a run of that profile, by id: its census and bound. NULL for an unknown id. */
const tb_prediction *tb_measure_prediction(const tb_measure *measure, const char *id);

#endif
