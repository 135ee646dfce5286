/* Groups of a study: mean, least and most of its numbers over the column that they are grouped by,
 * from what `sweep --group-by COLUMN --format csv` wrote. */
#include "chart_caption.h"
#include "chart_list.h"

#include "csv_doc.h"
#include "text.h"

#include <string.h>

#define MOST_SERIES 8

/* Columns NAME_mean, NAME_min and NAME_max. */
typedef struct series {
    char name[128];
    size_t mean;
} series;

typedef struct study_groups {
    const tb_csv *csv;
    series list[MOST_SERIES];
    size_t count;
    bool is_numeric; /* what they are grouped by */
} study_groups;

#define FIRST_SERIES 2 /* columns before: the group, and how many rows it has */

static bool ends_in(const char *text, const char *end, char *begin, size_t capacity)
{
    size_t length = strlen(text), tail = strlen(end);
    if (length <= tail || length - tail >= capacity || strcmp(text + length - tail, end) != 0) {
        return false;
    }
    memcpy(begin, text, length - tail);
    begin[length - tail] = '\0';
    return true;
}

static tb_status find_series(const tb_csv *csv, study_groups *out, tb_error *err)
{
    static const char *const ends[] = {"_mean", "_min", "_max"};
    if (tb_csv_columns(csv) < FIRST_SERIES + 3 ||
        strcmp(tb_csv_header(csv, 1)->text, "rows") != 0) {
        return tb_csv_fail(csv, tb_csv_header(csv, 0), err,
                           "these are no groups by one column; `tilebound sweep SUITE --group-by "
                           "COLUMN --format csv` writes them");
    }
    if (tb_csv_rows(csv) == 0) {
        return tb_csv_fail(csv, tb_csv_header(csv, 0), err,
                           "no group is here; a --where that some rows meet makes one");
    }
    for (size_t c = FIRST_SERIES; c + 2 < tb_csv_columns(csv); c += 3) {
        if (out->count == MOST_SERIES) {
            return tb_csv_fail(csv, tb_csv_header(csv, c), err,
                               "more than %d numbers; choose them with sweep's --columns",
                               MOST_SERIES);
        }
        series *made = &out->list[out->count++];
        made->mean = c;
        for (size_t e = 0; e < 3; e++) {
            const tb_csv_cell *head = tb_csv_header(csv, c + e);
            char name[sizeof made->name];
            if (!ends_in(head->text, ends[e], name, sizeof name) ||
                (e > 0 && strcmp(name, made->name) != 0)) {
                return tb_csv_fail(csv, head, err, "a column NAME%s is expected here", ends[e]);
            }
            memcpy(made->name, name, sizeof name);
        }
    }
    return TB_OK;
}

/* A cell as a number, or "?" where there is none. */
static tb_status put_number(const tb_csv *csv, size_t row, size_t column, tb_buffer *out,
                            tb_error *err)
{
    const tb_csv_cell *cell = tb_csv_at(csv, row, column);
    double value = 0;
    if (cell->text[0] == '\0') {
        tb_buffer_text(out, "\t?");
        return TB_OK;
    }
    if (!tb_text_double(cell->text, &value)) {
        return tb_csv_fail(csv, cell, err, "'%s' is no number", cell->text);
    }
    tb_buffer_printf(out, "\t%.9g", value);
    return TB_OK;
}

static tb_status put_data(study_groups *groups, tb_chart_data *data, tb_error *err)
{
    const tb_csv *csv = groups->csv;
    tb_buffer *out = tb_chart_data_file(data, "groups.dat");
    tb_status status = TB_OK;
    double value = 0;
    tb_buffer_text(out, "# place\tgroup");
    for (size_t s = 0; s < groups->count; s++) {
        tb_buffer_printf(out, "\t%s mean\tleast\tmost", groups->list[s].name);
    }
    tb_buffer_text(out, "\n");
    groups->is_numeric = true;
    for (size_t r = 0; r < tb_csv_rows(csv); r++) {
        groups->is_numeric =
            groups->is_numeric && tb_text_double(tb_csv_at(csv, r, 0)->text, &value);
    }
    for (size_t r = 0; status == TB_OK && r < tb_csv_rows(csv); r++) {
        const char *group = tb_csv_at(csv, r, 0)->text;
        value = (double)r;
        if (groups->is_numeric) {
            (void)tb_text_double(group, &value);
        }
        tb_buffer_printf(out, "%.9g\t", value);
        tb_chart_field(data, out, group[0] != '\0' ? group : "-");
        for (size_t s = 0; status == TB_OK && s < groups->count; s++) {
            for (size_t e = 0; status == TB_OK && e < 3; e++) {
                status = put_number(csv, r, groups->list[s].mean + e, out, err);
            }
        }
        tb_buffer_text(out, "\n");
    }
    return status;
}

static void put_script(const study_groups *groups, tb_chart_data *data)
{
    tb_buffer *script = &data->script;
    tb_buffer_text(script, "set xlabel ");
    tb_chart_string(data, script, tb_csv_header(groups->csv, 0)->text);
    tb_buffer_text(script, "\nset ylabel ");
    tb_chart_string(data, script, groups->count == 1 ? groups->list[0].name : "value");
    tb_buffer_text(script, "\nset yrange [0:*]\nset offsets graph 0.03, graph 0.03, graph 0.06, 0\n"
                           "set key outside right top vertical\n");
    for (size_t s = 0; s < groups->count; s++) {
        size_t column = 3 * s + 3;
        tb_buffer_printf(script, "%s using 1:%zu:%zu:%zu%s with yerrorlines title ",
                         s == 0 ? "plot 'groups.dat'" : ", \\\n  ''", column, column + 1,
                         column + 2, groups->is_numeric || s > 0 ? "" : ":xtic(2)");
        tb_chart_string(data, script, groups->list[s].name);
    }
    tb_buffer_text(script, "\n");
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_csv *csv = NULL;
    tb_status status = tb_csv_read(input->study, &csv, err);
    study_groups groups = {.csv = csv};
    if (status == TB_OK) {
        status = find_series(csv, &groups, err);
    }
    if (status == TB_OK) {
        status = put_data(&groups, data, err);
    }
    if (status == TB_OK) {
        put_script(&groups, data);
        tb_chart_title(input, data, "A study by %s", tb_csv_header(csv, 0)->text);
        tb_chart_say(data,
                     "Lines: means over the rows of each of %zu groups; bars: from the least "
                     "to the most of them.",
                     tb_csv_rows(csv));
        tb_chart_say(data, "Counted or predicted, as the study's rows have them.");
        tb_chart_say_version(data);
    }
    tb_csv_destroy(csv);
    return status;
}

const tb_chart tb_chart_study = {
    .name = "study",
    .summary = "groups of a sweep: mean, least and most over the column they are grouped by",
    .needs = TB_CHART_NEEDS_STUDY,
    .fill = fill,
};
