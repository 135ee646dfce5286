#include "device_facts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const tb_device_fact *tb_device_facts_find(const tb_device_facts *facts, const char *name)
{
    for (int i = 0; i < facts->count; i++) {
        if (strcmp(facts->fact[i].name, name) == 0) {
            return &facts->fact[i];
        }
    }
    return NULL;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* A quantile of sorted samples, between two of them where it falls there. */
static double quantile(const double *sorted, int count, double at)
{
    double position = at * (count - 1);
    int below = (int)position;
    int above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

void tb_device_facts_add(tb_device_facts *facts, const char *name, const char *summary,
                         double *samples, int count)
{
    assert(facts->count < TB_DEVICE_FACTS_MAX && count > 0);
    qsort(samples, (size_t)count, sizeof *samples, compare);
    facts->fact[facts->count++] = (tb_device_fact){
        .name = name,
        .summary = summary,
        .median = quantile(samples, count, 0.5),
        .low = quantile(samples, count, 0.25),
        .high = quantile(samples, count, 0.75),
        .min = samples[0],
        .max = samples[count - 1],
        .samples = count,
    };
}
