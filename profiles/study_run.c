#include "study_run.h"

#include "study_team.h"

#include <stdlib.h>
#include <string.h>

#define MOST_OF_BATCH 4096
#define QUEUED        2   /* runs that another rank has at a time: it never waits for the next */
#define CHUNK_S       0.1 /* that a run of points is made to last */
#define COMMIT_S      0.5 /* after which what ranks sent is committed; our own runs are at once */
#define PROGRESS_S    0.2
#define OWN_CHUNK_PART                                                                             \
    16 /* rank 0's own runs are as much shorter: others wait until it hears them */

/* What rank 0 sends is a run of points to do (none: that was all): a few bytes, which MPI sends off
 * at once, while it would hold a long message until it is received, after a run. */

/* What it gets: a run that is done, with its rows behind. */
typedef struct run_message {
    tb_point_range points;
    double seconds;
    tb_error error; /* code TB_OK: none */
} run_message;

typedef struct session {
    const tb_study *study;
    tb_study_store *store;
    const tb_ranks *ranks;
    const tb_study_run_options *options;
    tb_study_team *team;
    tb_buffer rows, before, message;
    tb_point_range before_points; /* whose rows are in `before`, to be kept; none: last < first */
    int64_t next;                 /* first point that was not handed out */
    int64_t begun;                /* points that were there at the start */
    int64_t chunk;                /* points of the next run */
    int64_t uncommitted;          /* points */
    int in_flight;                /* runs that other ranks have */
    int *queued;                  /* of each rank */
    double start_s, commit_s, progress_s;
    bool is_stopped;
} session;

static int64_t most_of_batch(const session *of)
{
    return of->options->batch > 0 ? of->options->batch : MOST_OF_BATCH;
}

static void tell(session *of, bool is_last)
{
    double now = tb_study_clock_s();
    if (of->options->progress == NULL || (!is_last && now - of->progress_s < PROGRESS_S)) {
        return;
    }
    of->progress_s = now;
    tb_study_progress at = {.done = tb_study_store_finished(of->store), .total = of->study->points};
    if (at.done > of->begun && now > of->start_s) {
        at.rate_per_s = (double)(at.done - of->begun) / (now - of->start_s);
        at.left_s = (double)(at.total - at.done) / at.rate_per_s;
    }
    of->options->progress(&at, of->options->user, &of->is_stopped);
}

/* Runs are made to last CHUNK_S, and to be shared out evenly towards the end. */
static void learn(session *of, tb_point_range points, double seconds)
{
    double count = (double)(points.last - points.first + 1);
    double wanted = seconds > 0 ? count * CHUNK_S / seconds : 2 * count;
    wanted = wanted < 2 * count ? wanted : 2 * count;
    of->chunk = wanted < 1                           ? 1
                : wanted > (double)most_of_batch(of) ? most_of_batch(of)
                                                     : (int64_t)wanted;
}

/* The next run of points to do; false when all were handed out. */
static bool take(session *of, int64_t part, tb_point_range *out)
{
    if (of->is_stopped || !tb_study_store_missing(of->store, of->next, out)) {
        return false;
    }
    int64_t left = of->study->points - out->first;
    int64_t count = of->chunk / part, share = left / (2 * (int64_t)of->ranks->size) + 1;
    count = count < share || of->ranks->size == 1 ? count : share;
    count = count > 0 ? count : 1;
    if (out->last - out->first + 1 > count) {
        out->last = out->first + count - 1;
    }
    of->next = out->last + 1;
    return true;
}

static tb_status commit(session *of, bool is_due, tb_error *err)
{
    double now = tb_study_clock_s();
    bool is_full = of->uncommitted >= most_of_batch(of) || now - of->commit_s >= COMMIT_S;
    if (of->uncommitted == 0 || !(is_due || is_full)) {
        return TB_OK;
    }
    of->commit_s = now;
    of->uncommitted = 0;
    return tb_study_store_commit(of->store, err);
}

/* Alone nothing stays uncommitted while the next run is computed, however long that takes: it would
 * be lost with it, and who else writes to the database would have to wait. */
static tb_status keep(session *of, tb_point_range points, const char *rows, size_t length,
                      tb_error *err)
{
    tb_status status = tb_study_store_add(of->store, points, rows, length, err);
    of->uncommitted += points.last - points.first + 1;
    if (status == TB_OK) {
        status = commit(of, of->ranks->size == 1 || of->chunk == 1, err);
    }
    if (status == TB_OK) {
        tell(of, false);
    }
    return status;
}

/* tb_study_beside_fn: keep the rows of our run before. */
static tb_status keep_before(void *user, tb_error *err)
{
    session *of = user;
    tb_point_range points = of->before_points;
    if (points.last < points.first) {
        return TB_OK;
    }
    of->before_points = (tb_point_range){0, -1};
    return keep(of, points, of->before.data, of->before.length, err);
}

static tb_status run_here(session *of, tb_point_range points, tb_error *err)
{
    double begun = tb_study_clock_s();
    of->rows.length = 0;
    tb_status status = tb_study_team_evaluate(of->team, points, keep_before, of, &of->rows, err);
    if (status == TB_OK) {
        tb_buffer kept = of->before;
        of->before = of->rows;
        of->rows = kept;
        of->before_points = points;
        learn(of, points, tb_study_clock_s() - begun);
    }
    return status;
}

static tb_status hand_out(session *of, int rank, tb_error *err)
{
    tb_point_range points;
    tb_status status = TB_OK;
    while (status == TB_OK && of->queued[rank] < QUEUED && take(of, 1, &points)) {
        status = tb_ranks_send(of->ranks, rank, &points, sizeof points, err);
        of->queued[rank]++;
        of->in_flight++;
    }
    return status;
}

/* One answer; *from is -1 when there is none. Without `is_kept` it is dropped. */
static tb_status hear(session *of, bool wait, bool is_kept, int *from, tb_error *err)
{
    run_message done;
    tb_status status = tb_ranks_receive(of->ranks, wait, from, &of->message, err);
    if (status != TB_OK || *from < 0) {
        return status;
    }
    of->queued[*from]--;
    of->in_flight--;
    if (of->message.length < sizeof done) {
        return tb_fail(err, TB_EINTERNAL, "rank %d sent half a message", *from);
    }
    memcpy(&done, of->message.data, sizeof done);
    if (!is_kept) {
        return TB_OK;
    }
    if (done.error.code != TB_OK) {
        if (err != NULL) {
            *err = done.error;
        }
        return done.error.code;
    }
    learn(of, done.points, done.seconds);
    return keep(of, done.points, of->message.data + sizeof done, of->message.length - sizeof done,
                err);
}

static tb_status hand_out_all(session *of, tb_error *err)
{
    tb_status status = TB_OK;
    for (int round = 0; round < QUEUED; round++) {
        for (int r = 1; status == TB_OK && r < of->ranks->size; r++) {
            status = hand_out(of, r, err);
        }
    }
    return status;
}

static tb_status run_all(session *of, tb_error *err)
{
    tb_point_range points;
    tb_status status = hand_out_all(of, err);
    for (;;) {
        int from = -1;
        while (status == TB_OK && of->in_flight > 0) { /* answers first */
            status = hear(of, false, true, &from, err);
            if (status != TB_OK || from < 0) {
                break;
            }
            status = hand_out(of, from, err);
        }
        if (status != TB_OK) {
            return status;
        }
        int64_t part = of->ranks->size > 1 ? OWN_CHUNK_PART : 1;
        if (take(of, part, &points)) {
            status = run_here(of, points, err);
        } else if (of->in_flight > 0) {
            status = keep_before(of, err);
            status = status == TB_OK ? commit(of, true, err) : status;
            status = status == TB_OK ? hear(of, true, true, &from, err) : status;
        } else {
            status = keep_before(of, err);
            return status == TB_OK ? commit(of, true, err) : status;
        }
    }
}

/* However it ended: take what is under way, and send the others home. */
static tb_status dismiss(session *of, tb_error *err)
{
    const tb_point_range none = {0, -1};
    tb_status status = TB_OK;
    int from = -1;
    while (status == TB_OK && of->in_flight > 0) {
        status = hear(of, true, false, &from, err);
    }
    for (int r = 1; status == TB_OK && r < of->ranks->size; r++) {
        status = tb_ranks_send(of->ranks, r, &none, sizeof none, err);
    }
    return status;
}

static int threads_of(const tb_ranks *ranks, const tb_study_run_options *options)
{
    return options->threads == 0 && ranks->size > 1 ? 1 : options->threads;
}

tb_status tb_study_run(const tb_study *study, tb_study_store *store, const tb_ranks *ranks,
                       const tb_study_run_options *options, bool *is_stopped, tb_error *err)
{
    session of = {.study = study,
                  .store = store,
                  .ranks = ranks,
                  .options = options,
                  .begun = tb_study_store_finished(store),
                  .start_s = tb_study_clock_s(),
                  .before_points = {0, -1},
                  .queued = calloc((size_t)ranks->size, sizeof *of.queued)};
    of.commit_s = of.start_s;
    tb_error second = {0};
    tb_status status = of.queued != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for ranks");
    if (status == TB_OK) {
        status = tb_study_team_create(study, threads_of(ranks, options), &of.team, err);
    }
    if (status == TB_OK) {
        of.chunk = tb_study_team_threads(of.team);
        status = run_all(&of, err);
    }
    if (of.queued != NULL && dismiss(&of, &second) != TB_OK && status == TB_OK) {
        status = second.code;
        if (err != NULL) {
            *err = second;
        }
    }
    tell(&of, true);
    if (is_stopped != NULL) {
        *is_stopped = of.is_stopped;
    }
    tb_study_team_destroy(of.team);
    tb_buffer_free(&of.rows);
    tb_buffer_free(&of.before);
    tb_buffer_free(&of.message);
    free(of.queued);
    return status;
}

/* Do a run of points and answer; an error is an answer too. */
static tb_status answer(const tb_ranks *ranks, tb_study_team *team, tb_point_range points,
                        tb_buffer *out, tb_error *err)
{
    run_message done;
    double begun = tb_study_clock_s();
    memset(&done, 0, sizeof done); /* padding is sent too */
    done.points = points;
    out->length = 0;
    tb_buffer_append(out, &done, sizeof done);
    tb_status status = tb_buffer_check(out, err);
    if (status != TB_OK) {
        return status;
    }
    tb_error why = {0};
    status = tb_study_team_evaluate(team, points, NULL, NULL, out, &why);
    if (status != TB_OK) {
        done.error = why;
        done.error.code = status;
        out->length = sizeof done;
    }
    done.seconds = tb_study_clock_s() - begun;
    memcpy(out->data, &done, sizeof done);
    return tb_ranks_send(ranks, 0, out->data, out->length, err);
}

tb_status tb_study_serve(const tb_study *study, const tb_ranks *ranks,
                         const tb_study_run_options *options, tb_error *err)
{
    tb_study_team *team = NULL;
    tb_buffer message = {0}, rows = {0};
    tb_point_range asked;
    int from = -1;
    tb_status status = tb_study_team_create(study, threads_of(ranks, options), &team, err);
    while (status == TB_OK) {
        status = tb_ranks_receive(ranks, true, &from, &message, err);
        if (status == TB_OK && message.length == sizeof asked) {
            memcpy(&asked, message.data, sizeof asked);
            if (asked.first > asked.last) {
                break;
            }
            status = answer(ranks, team, asked, &rows, err);
        }
    }
    tb_study_team_destroy(team);
    tb_buffer_free(&message);
    tb_buffer_free(&rows);
    return status;
}
