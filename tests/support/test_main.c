/* The one main of every test executable: 0 when all pass, 1 when any fails, 77 when all skip. */
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_SKIPPED 77

/* cmocka tells neither how many tests it skipped nor, in its exit status, whether all were: a test
 * that skips or fails leaves by longjmp(), so what comes back from it has passed. */
typedef struct wrapped {
    const struct CMUnitTest *test;
    void *state;
} wrapped;

static int passed;

static int set_up(void **state)
{
    wrapped *w = *state;
    w->state = w->test->initial_state;
    return w->test->setup_func == NULL ? 0 : w->test->setup_func(&w->state);
}

static void run(void **state)
{
    wrapped *w = *state;
    w->test->test_func(&w->state);
    passed++;
}

static int tear_down(void **state)
{
    wrapped *w = *state;
    return w->test->teardown_func == NULL ? 0 : w->test->teardown_func(&w->state);
}

static int run_all(wrapped *wraps, struct CMUnitTest *tests)
{
    for (size_t i = 0; i < tb_test_count; i++) {
        wraps[i].test = &tb_tests[i];
        tests[i] = (struct CMUnitTest){.name = tb_tests[i].name,
                                       .test_func = run,
                                       .setup_func = set_up,
                                       .teardown_func = tear_down,
                                       .initial_state = &wraps[i]};
    }
    return _cmocka_run_group_tests("tests", tests, tb_test_count, NULL, NULL);
}

int main(void)
{
    wrapped *wraps = calloc(tb_test_count, sizeof *wraps);
    struct CMUnitTest *tests = calloc(tb_test_count, sizeof *tests);
    if (wraps == NULL || tests == NULL) {
        (void)fprintf(stderr, "no memory for the list of tests\n");
        return EXIT_FAILURE;
    }
    int failures = run_all(wraps, tests);
    free(wraps);
    free(tests);
    if (failures != 0) {
        return EXIT_FAILURE;
    }
    return passed == 0 ? EXIT_SKIPPED : EXIT_SUCCESS;
}
