#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct multiple {
    const char *name;
    double factor;
} multiple;

static const multiple decimal_prefixes[] = {
    {"", 1.0}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18},
};

static const multiple binary_prefixes[] = {
    {"", 1.0},      {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30},
    {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60},
};

/* In microseconds, the unit in which times travel. */
static const multiple time_units[] = {{"ns", 1e-3}, {"us", 1.0}, {"ms", 1e3}, {"s", 1e6}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Three significant digits without an exponent, as far as that stays readable. */
static void print_three_digits(double value, char text[static 24])
{
    double size = fabs(value);
    int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    if (size < 0.0995 || size >= 99999.5 || !isfinite(value)) {
        (void)snprintf(text, 24, "%.3g", value);
    } else if (size < 0.9995) {
        (void)snprintf(text, 24, "%.3f", value);
    } else {
        (void)snprintf(text, 24, "%.*f", decimals, value);
    }
}

/* The largest prefix that leaves at least 1. What rounds to 1000 of a prefix is 1.00 of the next:
 * `carry` is what of a prefix already prints as the next one (999.5 where each is 1000 of the
 * last, 1023.5 where each is 1024). */
static const multiple *choose(const multiple *table, size_t count, double value, double carry)
{
    size_t i = 0;
    while (i + 1 < count && fabs(value) >= carry * table[i].factor) {
        i++;
    }
    return &table[i];
}

static const char *print_count(double value, const multiple *chosen, const char *unit,
                               char buffer[static 48])
{
    char number[24];
    bool whole = chosen->factor == 1.0 && fabs(value) < 1e5 && value == floor(value);
    if (whole) {
        (void)snprintf(number, sizeof number, "%.0f", value);
    } else {
        print_three_digits(value / chosen->factor, number);
    }
    bool named = chosen->name[0] != '\0' || unit[0] != '\0';
    (void)snprintf(buffer, 48, "%s%s%s%s", number, named ? " " : "", chosen->name, unit);
    return buffer;
}

const char *tb_units_decimal(double value, const char *unit, char buffer[static 48])
{
    const multiple *chosen = choose(decimal_prefixes, COUNT(decimal_prefixes), value, 999.5);
    return print_count(value, chosen, unit, buffer);
}

const char *tb_units_bytes(double bytes, char buffer[static 48])
{
    const multiple *chosen = choose(binary_prefixes, COUNT(binary_prefixes), bytes, 1023.5);
    return print_count(bytes, chosen, "B", buffer);
}

const char *tb_units_time_us(double time_us, char buffer[static 48])
{
    if (time_us == 0.0) {
        (void)snprintf(buffer, 48, "0 us");
        return buffer;
    }
    char number[24];
    const multiple *chosen = choose(time_units, COUNT(time_units), time_us, 999.5);
    print_three_digits(time_us / chosen->factor, number);
    (void)snprintf(buffer, 48, "%s %s", number, chosen->name);
    return buffer;
}

static double factor_of(const multiple *table, size_t count, const char *prefix)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, prefix) == 0) {
            return table[i].factor;
        }
    }
    return 0.0;
}

double tb_units_decimal_factor(const char *prefix)
{
    return factor_of(decimal_prefixes, COUNT(decimal_prefixes), prefix);
}

double tb_units_binary_factor(const char *prefix)
{
    return factor_of(binary_prefixes, COUNT(binary_prefixes), prefix);
}
