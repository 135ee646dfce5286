/* The threads of one process, evaluating runs of points together. Internal to profiles/study*. */
#ifndef TB_STUDY_TEAM_H
#define TB_STUDY_TEAM_H

#include "study_store.h"

typedef struct tb_study_team tb_study_team;

/** threads: 0 = all of this machine. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_study_team_create(const tb_study *study, int threads, tb_study_team **out,
                                            tb_error *err);
void tb_study_team_destroy(tb_study_team *team);
int tb_study_team_threads(const tb_study_team *team);

/** Work that one thread does while the others evaluate: keeping the rows of the run before. */
typedef tb_status tb_study_beside_fn(void *user, tb_error *err);

/** Evaluate a run of points; their rows are appended in order. `beside` may be NULL. TB_OK;
 *  TB_ENOMEM; TB_EINTERNAL; what `beside` returns. */
TB_NODISCARD tb_status tb_study_team_evaluate(tb_study_team *team, tb_point_range points,
                                              tb_study_beside_fn *beside, void *user,
                                              tb_buffer *out, tb_error *err);

/** Seconds of a clock that only goes on. */
double tb_study_clock_s(void);

#endif
