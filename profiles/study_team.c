#include "study_team.h"

#include <omp.h>
#include <stdlib.h>
#include <time.h>

#define LARGEST_PART 64 /* points that a thread takes at once */

struct tb_study_team {
    int threads;
    tb_study_worker **workers; /* one a thread */
    tb_buffer *parts;          /* rows, of each part of a run */
    size_t part_count;
};

double tb_study_clock_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

tb_status tb_study_team_create(const tb_study *study, int threads, tb_study_team **out,
                               tb_error *err)
{
    tb_study_team *team = calloc(1, sizeof *team);
    if (team == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the threads of a study");
    }
    team->threads = threads > 0 ? threads : omp_get_max_threads();
    if (study->measurer != NULL) { /* one point at a time, which may have all threads */
        team->threads = 1;
    }
    team->workers = calloc((size_t)team->threads, sizeof(tb_study_worker *));
    tb_status status = team->workers != NULL
                           ? TB_OK
                           : tb_fail(err, TB_ENOMEM, "no memory for the threads of a study");
    for (int t = 0; status == TB_OK && t < team->threads; t++) {
        status = tb_study_worker_create(study, &team->workers[t], err);
    }
    if (status != TB_OK) {
        tb_study_team_destroy(team);
        return status;
    }
    *out = team;
    return TB_OK;
}

void tb_study_team_destroy(tb_study_team *team)
{
    if (team == NULL) {
        return;
    }
    for (int t = 0; team->workers != NULL && t < team->threads; t++) {
        tb_study_worker_destroy(team->workers[t]);
    }
    for (size_t p = 0; p < team->part_count; p++) {
        tb_buffer_free(&team->parts[p]);
    }
    free(team->workers);
    free(team->parts);
    free(team);
}

int tb_study_team_threads(const tb_study_team *team)
{
    return team->threads;
}

static tb_status need_parts(tb_study_team *team, size_t count, tb_error *err)
{
    if (count <= team->part_count) {
        return TB_OK;
    }
    tb_buffer *parts = realloc(team->parts, count * sizeof *parts);
    if (parts == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the rows of a study");
    }
    for (size_t p = team->part_count; p < count; p++) {
        parts[p] = (tb_buffer){0};
    }
    team->parts = parts;
    team->part_count = count;
    return TB_OK;
}

static tb_status evaluate_part(tb_study_worker *worker, tb_point_range points, tb_buffer *out,
                               tb_error *err)
{
    tb_status status = TB_OK;
    out->length = 0;
    for (int64_t point = points.first; status == TB_OK && point <= points.last; point++) {
        status = tb_study_evaluate(worker, point, out, err);
    }
    return status;
}

/* How a run of points goes: the first failure of any thread. */
typedef struct outcome {
    tb_status status;
    tb_error why;
} outcome;

static void fail(outcome *of, tb_status status, const tb_error *why)
{
#pragma omp critical(tb_study_failed)
    if (of->status == TB_OK) {
        of->status = status;
        of->why = *why;
    }
}

/* Points are shared out in parts; who is done beside helps. */
static void evaluate_parts(tb_study_team *team, tb_point_range points, int64_t size, int64_t parts,
                           tb_study_beside_fn *beside, void *user, outcome *out)
{
#pragma omp parallel num_threads(team->threads)
    {
        tb_error mine = {0};
#pragma omp single nowait
        {
            tb_status here = beside != NULL ? beside(user, &mine) : TB_OK;
            if (here != TB_OK) {
                fail(out, here, &mine);
            }
        }
#pragma omp for schedule(dynamic, 1)
        for (int64_t p = 0; p < parts; p++) {
            int64_t first = points.first + p * size, last = first + size - 1;
            tb_point_range part = {first, last < points.last ? last : points.last};
            tb_status here =
                evaluate_part(team->workers[omp_get_thread_num()], part, &team->parts[p], &mine);
            if (here != TB_OK) {
                fail(out, here, &mine);
            }
        }
    }
}

tb_status tb_study_team_evaluate(tb_study_team *team, tb_point_range points,
                                 tb_study_beside_fn *beside, void *user, tb_buffer *out,
                                 tb_error *err)
{
    int64_t count = points.last - points.first + 1;
    int64_t size = count / (4 * (int64_t)team->threads) + 1;
    size = size < LARGEST_PART ? size : LARGEST_PART;
    int64_t parts = (count - 1) / size + 1;
    outcome came = {.status = TB_OK};
    tb_status status = need_parts(team, (size_t)parts, err);
    if (status != TB_OK) {
        return status;
    }
    evaluate_parts(team, points, size, parts, beside, user, &came);
    if (came.status != TB_OK) {
        if (err != NULL) {
            *err = came.why;
        }
        return came.status;
    }
    for (int64_t p = 0; p < parts; p++) {
        tb_buffer_append(out, team->parts[p].data, team->parts[p].length);
    }
    return tb_buffer_check(out, err);
}
