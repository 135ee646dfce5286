#include "test_support.h"

#include "units.h"

static void units__every_decimal_prefix_is_a_thousand_times_the_last(void **state)
{
    (void)state;
    char b[48];
    assert_string_equal(tb_units_decimal(7.2, "FLOP", b), "7.20 FLOP");
    assert_string_equal(tb_units_decimal(7.2e3, "FLOP", b), "7.20 kFLOP");
    assert_string_equal(tb_units_decimal(7.2e6, "FLOP", b), "7.20 MFLOP");
    assert_string_equal(tb_units_decimal(7.2e9, "FLOP", b), "7.20 GFLOP");
    assert_string_equal(tb_units_decimal(7.3e12, "FLOP", b), "7.30 TFLOP");
    assert_string_equal(tb_units_decimal(7.2e15, "FLOP", b), "7.20 PFLOP");
    assert_string_equal(tb_units_decimal(7.2e18, "FLOP", b), "7.20 EFLOP");
    assert_string_equal(tb_units_decimal(1.59e14, "FLOP", b), "159 TFLOP");
    assert_string_equal(tb_units_decimal(-9.6e4, "B/s", b), "-96.0 kB/s");
}

static void units__every_binary_prefix_is_1024_times_the_last(void **state)
{
    (void)state;
    char b[48];
    assert_string_equal(tb_units_bytes(72, b), "72 B");
    assert_string_equal(tb_units_bytes(1536, b), "1.50 KiB");
    assert_string_equal(tb_units_bytes(72.0 * 1048576, b), "72.0 MiB");
    assert_string_equal(tb_units_bytes(96.0 * 1073741824, b), "96.0 GiB");
    assert_string_equal(tb_units_bytes(1.5 * 1099511627776, b), "1.50 TiB");
    assert_string_equal(tb_units_bytes(1.5 * 1125899906842624, b), "1.50 PiB");
    assert_string_equal(tb_units_bytes(1.5 * 1152921504606846976, b), "1.50 EiB");
    assert_string_equal(tb_units_bytes(1000.0 * 1024, b), "1000 KiB"); /* no rounding to 0.98 MiB */
}

static void units__every_time_unit_is_a_thousand_times_the_last(void **state)
{
    (void)state;
    char b[48];
    assert_string_equal(tb_units_time_us(0.072, b), "72.0 ns");
    assert_string_equal(tb_units_time_us(1.65, b), "1.65 us");
    assert_string_equal(tb_units_time_us(1234, b), "1.23 ms");
    assert_string_equal(tb_units_time_us(9.6e7, b), "96.0 s");
    assert_string_equal(tb_units_time_us(7.2e9, b), "7200 s");
    assert_string_equal(tb_units_time_us(0.00072, b), "0.720 ns");
    assert_string_equal(tb_units_time_us(0, b), "0 us");
}

static void units__rounding_carries_into_the_next_prefix(void **state)
{
    (void)state;
    char b[48];
    assert_string_equal(tb_units_decimal(999.4e3, "B", b), "999 kB");
    assert_string_equal(tb_units_decimal(999.6e3, "B", b), "1.00 MB");
    assert_string_equal(tb_units_decimal(9.996e6, "B", b), "10.0 MB");
    assert_string_equal(tb_units_decimal(99.96e6, "B", b), "100 MB");
    assert_string_equal(tb_units_bytes(1048575, b), "1.00 MiB"); /* 1023.999 KiB */
    assert_string_equal(tb_units_time_us(999.7, b), "1.00 ms");
}

static void units__numbers_beyond_the_prefixes_stay_readable(void **state)
{
    (void)state;
    char b[48];
    assert_string_equal(tb_units_decimal(0, "FLOP", b), "0 FLOP");
    assert_string_equal(tb_units_decimal(0.5, "FLOP", b), "0.500 FLOP");
    assert_string_equal(tb_units_decimal(0.0123, "FLOP", b), "0.0123 FLOP");
    assert_string_equal(tb_units_decimal(7.2e21, "FLOP", b), "7200 EFLOP");
    assert_string_equal(tb_units_decimal(7.2e300, "FLOP", b), "7.2e+282 EFLOP");
    assert_string_equal(tb_units_decimal(72, "", b), "72");
    assert_string_equal(tb_units_decimal(7200, "", b), "7.20 k");
}

static void units__factors_match_their_prefixes(void **state)
{
    (void)state;
    static const char *const decimal[] = {"", "k", "M", "G", "T", "P", "E"};
    static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    double power = 1, power_of_two = 1;
    for (size_t i = 0; i < 7; i++) {
        tb_assert_close(tb_units_decimal_factor(decimal[i]), power, 0);
        tb_assert_close(tb_units_binary_factor(binary[i]), power_of_two, 0);
        power *= 1000;
        power_of_two *= 1024;
    }
    assert_true(tb_units_decimal_factor("K") == 0); /* kelvin; a kilo is a small k */
    assert_true(tb_units_decimal_factor("Ki") == 0);
    assert_true(tb_units_decimal_factor("m") == 0);
    assert_true(tb_units_binary_factor("M") == 0);
    assert_true(tb_units_binary_factor("ki") == 0);
}

TB_TESTS(cmocka_unit_test(units__every_decimal_prefix_is_a_thousand_times_the_last),
         cmocka_unit_test(units__every_binary_prefix_is_1024_times_the_last),
         cmocka_unit_test(units__every_time_unit_is_a_thousand_times_the_last),
         cmocka_unit_test(units__rounding_carries_into_the_next_prefix),
         cmocka_unit_test(units__numbers_beyond_the_prefixes_stay_readable),
         cmocka_unit_test(units__factors_match_their_prefixes));
