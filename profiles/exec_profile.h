/* A profile of what a program of others ran, as `measure --exec` saw it. */
#ifndef TB_EXEC_PROFILE_H
#define TB_EXEC_PROFILE_H

#include "exec_match.h"
#include "profile.h"
#include "suite.h"

/** All that it is made of; borrowed. */
typedef struct tb_exec_facts {
    const tb_suite *suite;
    const tb_exec_records *records;
    const tb_exec_match *match; /* assigned, or not: then there is no run, but what ran is told */
    const tb_exec_request *request;
    const char *program;     /* the command line that was run */
    int code;                /* how it ended */
    const char *unassigned;  /* why nothing was assigned, or NULL */
    const char *kernel;      /* name of ours that the runs have, or NULL: the suite's */
    tb_device *device;       /* of the profile, or NULL */
    const char *device_name; /* of ours that it ran on, or NULL */
    const char *command;     /* that measures it again */
    tb_environment environment;
} tb_exec_facts;

typedef struct tb_exec_profile tb_exec_profile;

/**
 * Make the profile: a run a problem that has a sample, named by its problem, and notes that say how
 * launches were assigned, what may be wrong with them, and what else ran, by share of time.
 *
 * A run's baseline is the suite's dense (or causal, where its pattern's is that) problem of the
 * same sizes.
 *
 * @param[out] out  free with tb_exec_profile_destroy()
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_exec_profile_create(const tb_exec_facts *facts, tb_exec_profile **out,
                                              tb_error *err);

void tb_exec_profile_destroy(tb_exec_profile *profile);

const tb_profile *tb_exec_profile_get(const tb_exec_profile *profile);

/** The device that the matching kernels ran on; NULL where nobody said. */
const tb_exec_device *tb_exec_find_device(const tb_exec_records *records,
                                          const tb_exec_match *match);

/** Is a process of the program's on the tests' emulated GPU? */
bool tb_exec_is_emulated(const tb_exec_records *records);

#endif
