/* What holds a GPU's clocks down, in words. */
#include "gpu_state.h"
#include "test_support.h"

#include <string.h>

#define ROOM 256

static void check(uint64_t reasons, const char *want)
{
    char text[ROOM];
    memset(text, '?', sizeof text);
    tb_throttle_text(reasons, text, sizeof text);
    assert_string_equal(text, want);
}

static void throttle_text__names_each_reason(void **state)
{
    (void)state;
    check(0, "none");
    check(0x4, "power cap");
    check(0x4 | 0x8, "power cap, hardware slowdown");
    check(0x7ff, "idle, application clocks, power cap, hardware slowdown, sync boost, "
                 "software thermal slowdown, hardware thermal slowdown, power brake, "
                 "display clocks, board limit, reliability");
}

/* Drivers to come may know of more reasons: none of them is passed over. */
static void throttle_text__shows_what_it_has_no_name_for(void **state)
{
    (void)state;
    check(0x800, "0x800");
    check(UINT64_C(0x8000000000000844), "power cap, hardware thermal slowdown, 0x8000000000000800");
}

static void throttle_text__is_cut_where_room_ends(void **state)
{
    (void)state;
    char text[ROOM] = "";
    memset(text, '?', sizeof text);
    tb_throttle_text(0x4 | 0x8, text, 12);
    assert_string_equal(text, "power cap, ");
    assert_int_equal(text[12], '?');
    tb_throttle_text(0x4 | 0x8 | 0x20, text, 1);
    assert_string_equal(text, "");
}

static void disturbing_reasons__are_heat_and_brakes(void **state)
{
    (void)state;
    check(TB_THROTTLE_DISTURBS, "hardware slowdown, software thermal slowdown, "
                                "hardware thermal slowdown, power brake");
}

TB_TESTS(cmocka_unit_test(throttle_text__names_each_reason),
         cmocka_unit_test(throttle_text__shows_what_it_has_no_name_for),
         cmocka_unit_test(throttle_text__is_cut_where_room_ends),
         cmocka_unit_test(disturbing_reasons__are_heat_and_brakes));
