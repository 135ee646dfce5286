#include "ptxas_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where what the log says of `kernel` begins, and where the next kernel's does. */
static const char *part_of(const char *log, const char *kernel, const char **end)
{
    char title[128];
    int length = snprintf(title, sizeof title, "Compiling entry function '%s'", kernel);
    const char *begin = length < (int)sizeof title ? strstr(log, title) : NULL;
    if (begin != NULL) {
        const char *next = strstr(begin + length, "Compiling entry function");
        *end = next != NULL ? next : begin + strlen(begin);
    }
    return begin;
}

/* The number before `unit`: "168" of "Used 168 registers". */
static bool number_before(const char *begin, const char *end, const char *unit, int64_t *out)
{
    const char *at = strstr(begin, unit);
    if (at == NULL || at >= end) {
        return false;
    }
    while (at > begin && at[-1] >= '0' && at[-1] <= '9') {
        at--;
    }
    char *after = NULL;
    *out = strtoll(at, &after, 10);
    return after != at;
}

bool tb_ptxas_log_read(const char *log, const char *kernel, tb_ptxas_usage *out)
{
    tb_ptxas_usage usage = {0};
    const char *end = NULL, *begin = part_of(log, kernel, &end);
    if (begin == NULL || !number_before(begin, end, " registers", &usage.registers) ||
        !number_before(begin, end, " bytes stack frame", &usage.stack_bytes) ||
        !number_before(begin, end, " bytes spill stores", &usage.spill_store_bytes) ||
        !number_before(begin, end, " bytes spill loads", &usage.spill_load_bytes)) {
        return false;
    }
    (void)number_before(begin, end, " bytes smem", &usage.static_shared_bytes); /* none: not said */
    *out = usage;
    return true;
}

const char *tb_ptxas_log_warning(const char *log)
{
    static const char *const words[] = {"warning", "Warning", "WARNING"};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(log, words[i]);
        first = at != NULL && (first == NULL || at < first) ? at : first;
    }
    while (first != NULL && first > log && first[-1] != '\n') {
        first--;
    }
    return first;
}
