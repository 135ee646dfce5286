#include "point_runs.h"

#include <stdlib.h>
#include <string.h>

void tb_point_runs_release(tb_point_runs *runs)
{
    free(runs->run);
}

/* The first run that ends at `point` or later. */
static size_t run_from(const tb_point_runs *runs, int64_t point)
{
    size_t low = 0, high = runs->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runs->run[middle].last < point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool insert(tb_point_runs *runs, size_t at, tb_point_range run)
{
    if (runs->count == runs->capacity) {
        size_t capacity = 2 * runs->capacity + 16;
        tb_point_range *more = realloc(runs->run, capacity * sizeof *more);
        if (more == NULL) {
            return false;
        }
        runs->run = more;
        runs->capacity = capacity;
    }
    memmove(&runs->run[at + 1], &runs->run[at], (runs->count - at) * sizeof run);
    runs->run[at] = run;
    runs->count++;
    return true;
}

bool tb_point_runs_add(tb_point_runs *runs, tb_point_range points, tb_point_range *joined)
{
    size_t at = run_from(runs, points.first > 0 ? points.first - 1 : 0), end = at;
    tb_point_range run = points;
    while (end < runs->count && runs->run[end].first <= points.last + 1) {
        run.first = runs->run[end].first < run.first ? runs->run[end].first : run.first;
        run.last = runs->run[end].last > run.last ? runs->run[end].last : run.last;
        end++;
    }
    if (end > at) {
        memmove(&runs->run[at], &runs->run[end], (runs->count - end) * sizeof runs->run[0]);
        runs->count -= end - at;
    }
    if (!insert(runs, at, run)) {
        return false;
    }
    runs->points += points.last - points.first + 1;
    *joined = run;
    return true;
}

bool tb_point_runs_missing(const tb_point_runs *runs, int64_t from, int64_t total,
                           tb_point_range *out)
{
    size_t at = run_from(runs, from);
    if (at < runs->count && runs->run[at].first <= from) {
        from = runs->run[at++].last + 1;
    }
    *out = (tb_point_range){from, at < runs->count ? runs->run[at].first - 1 : total - 1};
    return out->first <= out->last;
}
