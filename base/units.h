/* Units: the one place that knows prefixes. */
#ifndef TB_UNITS_H
#define TB_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/** A decimal multiple for people, three significant digits: 1.59e14 FLOP -> "159 TFLOP"; whole
 *  numbers below 1000 stay whole ("72 FLOP"). Prefixes k M G T P E (powers of 1000). buffer holds
 *  >= 48 bytes. */
const char *tb_units_decimal(double value, const char *unit, char buffer[static 48]);

/** A binary multiple of bytes: 1536 -> "1.50 KiB". Prefixes Ki Mi Gi Ti Pi Ei. */
const char *tb_units_bytes(double bytes, char buffer[static 48]);

/** A time given in microseconds, for people: "1.23 ms". Units ns us ms s. */
const char *tb_units_time_us(double time_us, char buffer[static 48]);

/** The factor of a decimal prefix letter ("" or k M G T P E); 0 when it is none. */
double tb_units_decimal_factor(const char *prefix);

/** The factor of a binary prefix ("" or Ki Mi Gi Ti Pi Ei); 0 when it is none. */
double tb_units_binary_factor(const char *prefix);

#endif
