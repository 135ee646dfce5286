#include "report_draft.h"

#include "chart_render.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MOST_WORKERS 16

/* Room for one more drawing; NULL when memory is exhausted. */
static tb_report_drawing *next_drawing(tb_report_draft *draft)
{
    if (draft->count == draft->capacity) {
        size_t capacity = draft->capacity > 0 ? draft->capacity * 2 : 16;
        tb_report_drawing *list =
            tb_arena_array(draft->page->arena, capacity, sizeof *draft->drawings);
        if (list == NULL) {
            draft->page->failed = true;
            return NULL;
        }
        if (draft->count > 0) {
            memcpy(list, draft->drawings, draft->count * sizeof *list);
        }
        draft->drawings = list;
        draft->capacity = capacity;
    }
    return &draft->drawings[draft->count];
}

/* Title and caption in words: the picture has them too, but not for who cannot see it. */
static tb_status describe(tb_page *page, const tb_chart *chart, const tb_chart_input *input,
                          tb_page_figure *figure)
{
    tb_chart_data data = tb_chart_data_begin();
    tb_status status = chart->fill(input, &data, NULL);
    if (status == TB_OK && data.title.data != NULL) {
        figure->title = tb_page_say(page, "%s", data.title.data);
    }
    if (status == TB_OK && data.caption.data != NULL) {
        figure->caption = tb_page_say(page, "%s", data.caption.data);
    }
    tb_chart_data_free(&data);
    return status;
}

bool tb_report_draw(tb_report_draft *draft, const char *name, const char *id,
                    const tb_chart_input *input, const char *command)
{
    const tb_chart *chart;
    tb_page_figure about = {.title = "", .caption = ""};
    if (draft->without_figures || draft->page->failed ||
        tb_chart_find(name, &chart, NULL) != TB_OK || tb_chart_check(chart, input, NULL) != TB_OK ||
        describe(draft->page, chart, input, &about) != TB_OK) {
        return false;
    }
    tb_report_drawing *drawing = next_drawing(draft);
    tb_page_figure *figure = tb_page_add_figure(draft->page, id, command);
    if (drawing == NULL || figure == NULL) {
        return false;
    }
    figure->title = about.title;
    figure->caption = about.caption;
    *drawing = (tb_report_drawing){.chart = chart, .input = *input, .figure = figure};
    draft->count++;
    return true;
}

/* What the workers share. */
typedef struct work {
    tb_report_draft *draft;
    pthread_mutex_t lock; /* of the next two, and of the progress */
    size_t next, done;
    tb_report_progress *progress;
    void *user;
} work;

static tb_report_drawing *take(work *shared)
{
    tb_report_drawing *drawing = NULL;
    (void)pthread_mutex_lock(&shared->lock);
    if (shared->next < shared->draft->count) {
        drawing = &shared->draft->drawings[shared->next++];
    }
    (void)pthread_mutex_unlock(&shared->lock);
    return drawing;
}

static void tell(work *shared)
{
    (void)pthread_mutex_lock(&shared->lock);
    shared->done++;
    if (shared->progress != NULL) {
        shared->progress(shared->done, shared->draft->count, shared->user);
    }
    (void)pthread_mutex_unlock(&shared->lock);
}

static void *draw_some(void *user)
{
    work *shared = user;
    tb_chart_target target = {.format = TB_CHART_SVG};
    tb_report_drawing *drawing;
    while ((drawing = take(shared)) != NULL) {
        drawing->status =
            tb_chart_render(drawing->chart, &drawing->input, &target, &drawing->svg, &drawing->err);
        tell(shared);
    }
    return NULL;
}

/* This thread works too, so that all is drawn even where no other can be started. Signals wait
 * until the end: one that ended the program between two figures of a thread would leave the
 * temporary folders of the others. */
static void draw_in_parallel(work *shared)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t threads[MOST_WORKERS];
    size_t started = 0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    while (started < MOST_WORKERS && (long)started + 1 < processors &&
           started + 1 < shared->draft->count &&
           pthread_create(&threads[started], NULL, draw_some, shared) == 0) {
        started++;
    }
    (void)draw_some(shared);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

tb_status tb_report_draw_all(tb_report_draft *draft, tb_report_progress *progress, void *user,
                             tb_error *err)
{
    work shared = {.draft = draft, .progress = progress, .user = user};
    if (pthread_mutex_init(&shared.lock, NULL) != 0) {
        return tb_fail(err, TB_ENOMEM, "no memory for a lock");
    }
    draw_in_parallel(&shared);
    (void)pthread_mutex_destroy(&shared.lock);
    for (size_t i = 0; i < draft->count; i++) {
        tb_report_drawing *drawing = &draft->drawings[i];
        if (drawing->status == TB_ENOMEM) {
            return tb_fail(err, TB_ENOMEM, "%s", drawing->err.message);
        }
        draft->not_drawn += drawing->status != TB_OK;
        drawing->figure->svg = drawing->status == TB_OK ? drawing->svg.data : NULL;
    }
    return TB_OK;
}

const tb_network *tb_report_network(tb_report_draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->network_count; i++) {
        if (strcmp(draft->networks[i]->name, name) == 0) {
            return draft->networks[i];
        }
    }
    if (draft->network_count == TB_REPORT_NETWORKS ||
        tb_network_load(name, &draft->networks[draft->network_count], NULL) != TB_OK) {
        return NULL;
    }
    return draft->networks[draft->network_count++];
}

void tb_report_draft_free(tb_report_draft *draft)
{
    for (size_t i = 0; i < draft->network_count; i++) {
        tb_network_destroy(draft->networks[i]);
    }
    for (size_t i = 0; i < draft->count; i++) {
        tb_buffer_free(&draft->drawings[i].svg);
    }
}
