/* Which records are trusted: those of launches that were given numbers, and those of programs that
 * know nothing of us. */
#include "kernel_records.h"

#include "record_buffer.h"
#include "test_support.h"

#include <string.h>

/* Records of three launches, one of which is spoilt; what the match says. */
typedef void spoil(tb_cupti_kernel *kernels);

static tb_record_fault match_spoilt(spoil *how, uint64_t host_ns, const tb_kernel_record **out)
{
    tb_test_buffer buffer = {.version = 130001};
    tb_cupti_kernel kernels[] = {tb_test_launch(0), tb_test_launch(1), tb_test_launch(2)};
    how(kernels);
    for (uint32_t i = 0; i < 3; i++) {
        tb_test_put_launch(&buffer, i, &kernels[i]);
    }
    tb_kernel_records records = tb_test_take_records(&buffer);
    tb_record_fault fault = tb_kernel_records_match(&records, TB_TEST_FIRST, 3, host_ns, out);
    if (fault == TB_RECORDS_GOOD) {
        for (size_t i = 0; i < 3; i++) {
            assert_ptr_equal(out[i], &records.all[i]);
        }
    }
    tb_kernel_records_free(&records);
    return fault;
}

static void leave(tb_cupti_kernel *k)
{
    (void)k;
}

static void no_start(tb_cupti_kernel *k)
{
    k[0].start = 0;
}

static void no_times(tb_cupti_kernel *k)
{
    k[2].start = k[2].end = 0;
}

static void no_duration(tb_cupti_kernel *k)
{
    k[1].end = k[1].start;
}

static void ends_before_it_starts(tb_cupti_kernel *k)
{
    k[1].end = k[1].start - 1;
}

static void starts_in_the_one_before(tb_cupti_kernel *k)
{
    k[2].start = k[1].end - 1;
}

static void starts_as_the_one_before_ends(tb_cupti_kernel *k)
{
    k[2].start = k[1].end;
}

static void swapped(tb_cupti_kernel *k)
{
    tb_cupti_kernel first = k[0];
    k[0].start = k[1].start;
    k[0].end = k[1].end;
    k[1].start = first.start;
    k[1].end = first.end;
}

static void lost(tb_cupti_kernel *k)
{
    k[1].correlationId = 72;
}

static void twice(tb_cupti_kernel *k)
{
    k[1].correlationId = k[0].correlationId; /* and so launch 902 has none */
}

static void zero_and_reversed(tb_cupti_kernel *k)
{
    no_start(k);
    ends_before_it_starts(k);
}

/* The three launches take 2 x 10 + 7.3 us. */
static void match__says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        spoil *how;
        uint64_t host_ns;
        tb_record_fault want;
    } cases[] = {
        {leave, 0, TB_RECORDS_GOOD},
        {leave, 27300, TB_RECORDS_GOOD},
        {leave, 27299, TB_RECORDS_IMPOSSIBLE},
        {no_start, 0, TB_RECORDS_ZERO},
        {no_times, 96000, TB_RECORDS_ZERO},
        {no_duration, 96000, TB_RECORDS_ZERO},
        {ends_before_it_starts, 96000, TB_RECORDS_REVERSED},
        {starts_in_the_one_before, 96000, TB_RECORDS_REVERSED},
        {starts_as_the_one_before_ends, 96000, TB_RECORDS_GOOD},
        {swapped, 96000, TB_RECORDS_REVERSED},
        {lost, 96000, TB_RECORDS_MISSING},
        {twice, 96000, TB_RECORDS_MISSING},
        {zero_and_reversed, 1, TB_RECORDS_ZERO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tb_kernel_record *out[3];
        assert_int_equal(match_spoilt(cases[i].how, cases[i].host_ns, out), cases[i].want);
    }
}

static void match__trusts_no_buffer_with_faults(void **state)
{
    (void)state;
    const tb_kernel_record *out[1];
    tb_test_buffer buffer = {.version = 130001};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_test_put_launch(&buffer, 0, &kernel);
    tb_kernel_records records = tb_test_take_records(&buffer);
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST, 1, 0, out), TB_RECORDS_GOOD);
    records.malformed = 1;
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST, 1, 0, out),
                     TB_RECORDS_MALFORMED);
    records.dropped = 1;
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST, 1, 0, out),
                     TB_RECORDS_DROPPED);
    tb_kernel_records_free(&records);
}

/* The same record twice, though all launches have one: a sum of times would count it twice. */
static void match__sees_a_launch_with_two_records(void **state)
{
    (void)state;
    const tb_kernel_record *out[1];
    tb_test_buffer buffer = {.version = 28};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_test_put_launch(&buffer, 0, &kernel);
    tb_test_put_launch(&buffer, 0, &kernel);
    tb_kernel_records records = tb_test_take_records(&buffer);
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST, 1, 0, out), TB_RECORDS_TWICE);
    tb_kernel_records_free(&records);
}

/* Records of launches before and after come late or early; they are none of these. */
static void match__leaves_other_launches_alone(void **state)
{
    (void)state;
    const tb_kernel_record *out[2];
    tb_test_buffer buffer = {.version = 130001};
    for (uint32_t i = 0; i < 5; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        kernel.start = i == 0 || i == 4 ? 0 : kernel.start;
        tb_test_put_launch(&buffer, i, &kernel);
    }
    tb_kernel_records records = tb_test_take_records(&buffer);
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST + 1, 2, 96000, out),
                     TB_RECORDS_GOOD);
    assert_int_equal(out[0]->external, TB_TEST_FIRST + 1);
    assert_int_equal(out[1]->external, TB_TEST_FIRST + 2);
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST + 4, 2, 0, out),
                     TB_RECORDS_MISSING);
    assert_int_equal(tb_kernel_records_match(&records, UINT64_MAX, 2, 0, out), TB_RECORDS_MISSING);
    assert_int_equal(tb_kernel_records_match(&records, TB_TEST_FIRST, 0, 0, out), TB_RECORDS_GOOD);
    tb_kernel_records_free(&records);
}

/* A kernel without a number is of no launch, also where numbers begin at 0. */
static void match__gives_no_launch_an_orphan(void **state)
{
    (void)state;
    const tb_kernel_record *out[1];
    tb_test_buffer buffer = {.version = 130001};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_test_put_kernel(&buffer, &kernel);
    tb_kernel_records records = tb_test_take_records(&buffer);
    assert_int_equal(records.orphans, 1);
    assert_int_equal(tb_kernel_records_match(&records, 0, 1, 0, out), TB_RECORDS_MISSING);
    tb_kernel_records_free(&records);
}

/* Of two streams, of a graph (one correlation id for all), and written in no order. */
static void kernels__without_numbers_are_given_by_start(void **state)
{
    (void)state;
    const tb_kernel_record *out[9];
    int64_t faults[TB_RECORD_FAULT_COUNT];
    static const uint32_t order[] = {2, 0, 3, 1, 4, 3};
    tb_test_buffer buffer = {.version = 130001};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        tb_cupti_kernel kernel = tb_test_launch(order[i]);
        kernel.correlationId = 72;
        tb_test_put_kernel(&buffer, &kernel); /* the last is the third's double */
    }
    tb_cupti_kernel odd = tb_test_launch(1);
    odd.streamId = 8; /* ran at the same time as another: none of it twice */
    tb_test_put_kernel(&buffer, &odd);
    odd.start = 0;
    tb_test_put_kernel(&buffer, &odd);
    odd.start = odd.end + 1;
    tb_test_put_kernel(&buffer, &odd);
    tb_kernel_records records = {.dropped = 3};
    tb_test_read_records(&buffer, &records);
    tb_test_buffer_free(&buffer);
    records.malformed = 2;
    assert_int_equal(records.count, 9);
    assert_int_equal(tb_kernel_records_by_start(&records, out, faults), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(out[i]->start_ns == TB_TEST_BEGUN_NS + (i < 2 ? i : i - 1) * 10000);
    }
    assert_int_equal(out[1]->stream, 7);
    assert_int_equal(out[2]->stream, 8);
    const int64_t want[TB_RECORD_FAULT_COUNT] = {[TB_RECORDS_DROPPED] = 3,
                                                 [TB_RECORDS_MALFORMED] = 2,
                                                 [TB_RECORDS_TWICE] = 1,
                                                 [TB_RECORDS_ZERO] = 1,
                                                 [TB_RECORDS_REVERSED] = 1};
    assert_memory_equal(faults, want, sizeof want);
    tb_kernel_records_free(&records);
}

TB_TESTS(cmocka_unit_test(match__says_what_is_wrong),
         cmocka_unit_test(match__trusts_no_buffer_with_faults),
         cmocka_unit_test(match__sees_a_launch_with_two_records),
         cmocka_unit_test(match__leaves_other_launches_alone),
         cmocka_unit_test(match__gives_no_launch_an_orphan),
         cmocka_unit_test(kernels__without_numbers_are_given_by_start));
