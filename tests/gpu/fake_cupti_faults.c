/* TILEBOUND_TEST_CUPTI = KIND[:N][:once]: what befalls the records of the Nth launch (1) and of all
 * after it, or of that one alone. Launches are counted from the last time that kernels' records
 * were enabled. Read anew at each launch, so that a test can change it. */
#include "fake_cupti.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[TB_FAKE_FAULT_COUNT] = {
    [TB_FAKE_NONE] = "",
    [TB_FAKE_DROPPED] = "dropped",         /* no record; CUPTI counts it as dropped */
    [TB_FAKE_MISSING] = "missing",         /* no record, and nobody says so */
    [TB_FAKE_LATE] = "late",               /* it comes with the flush after */
    [TB_FAKE_ZERO] = "zero",               /* no stamps: both 0 */
    [TB_FAKE_REVERSED] = "reversed",       /* it ends before it starts */
    [TB_FAKE_OVERLAPPING] = "overlapping", /* it starts before the launch before it ends */
    [TB_FAKE_DUPLICATED] = "duplicated",   /* two records */
    [TB_FAKE_ENDLESS] = "endless",         /* it lasts an hour longer */
    [TB_FAKE_UNNUMBERED] = "unnumbered",   /* the record of its external number is missing */
    [TB_FAKE_NAMELESS] = "nameless",       /* its name is NULL */
    [TB_FAKE_NOWHERE] = "nowhere",         /* its name is an address that leads nowhere */
    [TB_FAKE_OTHER] = "other",             /* another grid and other registers */
    [TB_FAKE_CORRUPT] = "corrupt",         /* a kind that there is not: the rest is unreadable */
    [TB_FAKE_CUT] = "cut",                 /* the buffer ends in the midst of a record */
    [TB_FAKE_OUTSIDE] = "outside",         /* the iterator goes on behind the buffer's end */
    [TB_FAKE_SMALL] = "small",             /* no fault: a buffer is given back after N records */
    [TB_FAKE_EARLY] = "early",             /* no fault: the kernel before its external number */
    [TB_FAKE_HELD] = "held",               /* another tool holds CUPTI */
    [TB_FAKE_PERMITTED] = "permitted",     /* nothing of it is permitted */
    [TB_FAKE_COUNTERS] = "counters",       /* records are permitted, counters are not */
};

typedef struct wish {
    tb_fake_fault fault;
    uint64_t number;
    bool is_once;
} wish;

static tb_fake_fault fault_of(const char *text, size_t length)
{
    for (int i = 0; i < TB_FAKE_FAULT_COUNT; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) {
            return (tb_fake_fault)i;
        }
    }
    (void)fprintf(stderr, "TILEBOUND_TEST_CUPTI: no fault is named '%s'\n", text);
    abort();
}

static wish read_wish(void)
{
    const char *text = getenv("TILEBOUND_TEST_CUPTI");
    wish out = {.number = 1};
    if (text == NULL) {
        return out;
    }
    size_t length = strcspn(text, ":");
    out.fault = fault_of(text, length);
    const char *rest = text + length;
    if (rest[0] == ':' && rest[1] >= '0' && rest[1] <= '9') {
        char *end = NULL;
        out.number = strtoull(rest + 1, &end, 10);
        rest = end;
    }
    out.is_once = strcmp(rest, ":once") == 0;
    if (rest[0] != '\0' && !out.is_once) {
        (void)fprintf(stderr, "TILEBOUND_TEST_CUPTI: KIND[:N][:once] expected: '%s'\n", text);
        abort();
    }
    return out;
}

bool tb_fake_cupti_has(tb_fake_fault fault, uint64_t launch)
{
    wish w = read_wish();
    return w.fault == fault &&
           (launch == 0 || launch == w.number || (launch > w.number && !w.is_once));
}

uint64_t tb_fake_cupti_fault_number(void)
{
    return read_wish().number;
}
