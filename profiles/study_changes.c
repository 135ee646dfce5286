#include "study_changes.h"

#include "version.h"

#include <string.h>

#define SHOWN 100 /* characters of a line */

/* The first line that differs, from 1, and where it begins in both; 0 when none does. */
static int first_difference(const char **a, const char **b)
{
    for (int line = 1; **a != '\0' || **b != '\0'; line++) {
        size_t length_a = strcspn(*a, "\n"), length_b = strcspn(*b, "\n");
        if (length_a != length_b || memcmp(*a, *b, length_a) != 0) {
            return line;
        }
        bool more_a = (*a)[length_a] == '\n', more_b = (*b)[length_b] == '\n';
        *a += length_a + more_a;
        *b += length_b + more_b;
        if (more_a != more_b) {
            return line;
        }
    }
    return 0;
}

static int shown(const char *line)
{
    size_t length = strcspn(line, "\n");
    return (int)(length < SHOWN ? length : SHOWN);
}

#define ADVICE "; give another --database, or begin anew with --restart"

tb_status tb_study_refuse_changes(const tb_study *study, const char *suite, const char *settings,
                                  const char *version, tb_error *err)
{
    const char *now = study->text, *then = suite != NULL ? suite : "";
    int line = first_difference(&now, &then);
    if (line > 0) {
        return tb_fail(
            err, TB_EINVAL,
            "the suite of study '%s' has changed: line %d is '%.*s', and was '%.*s'" ADVICE,
            study->name, line, shown(now), now, shown(then), then);
    }
    now = study->settings;
    then = settings != NULL ? settings : "";
    if (first_difference(&now, &then) > 0) {
        return tb_fail(err, TB_EINVAL,
                       "study '%s' was begun with other options or models: now '%.*s', then "
                       "'%.*s'" ADVICE,
                       study->name, shown(now), now, shown(then), then);
    }
    if (version == NULL || strcmp(version, TB_VERSION) != 0) {
        return tb_fail(err, TB_EINVAL,
                       "study '%s' was begun by tilebound %s, and this is %s" ADVICE, study->name,
                       version != NULL ? version : "?", TB_VERSION);
    }
    return TB_OK;
}
