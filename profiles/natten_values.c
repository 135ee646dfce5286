#include "natten_values.h"

#include "table_row.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* Scaled by a decimal shift, which rounds once. */
bool tb_natten_time(const char *text, double *out)
{
    static const struct {
        const char *unit, *shift;
    } units[] = {{"us", ""}, {"ms", "e3"}, {"s", "e6"}};
    size_t digits = strspn(text, "0123456789.");
    char number[48];
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (digits > 0 && digits < 32 && strcmp(text + digits, units[i].unit) == 0) {
            (void)snprintf(number, sizeof number, "%.*s%s", (int)digits, text, units[i].shift);
            return tb_text_double(number, out);
        }
    }
    return false;
}

double tb_natten_rounding_us(double time_us)
{
    return time_us >= 1e6 ? 500 : time_us >= 1e3 ? 0.5 : 0.0005;
}

bool tb_natten_tuple(const char *text, int64_t *out, int *dims)
{
    char list[TB_TABLE_CELL_BYTES];
    size_t used = 0, count = 0;
    for (; *text != '\0'; text++) {
        if (strchr("() ", *text) == NULL) {
            list[used++] = *text;
        }
    }
    used -= used > 0 && list[used - 1] == ','; /* "(128,)" */
    list[used] = '\0';
    if (!tb_text_int_list(list, TB_MAX_RANK, out, &count)) {
        return false;
    }
    *dims = (int)count;
    return true;
}
