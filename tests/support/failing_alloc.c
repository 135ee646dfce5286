#include "failing_alloc.h"

#include "test_support.h"

#include <stdbool.h>

/* The true ones: see the header. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);

/* Allocations until one fails; 0: none does. */
static long countdown;

static bool fails_now(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

void tb_test_fail_each(const char *what, tb_test_work *work)
{
    for (long n = 1; n < 100000; n++) {
        tb_error err = {0};
        countdown = n;
        tb_status status = work(&err);
        bool failed = countdown == 0;
        countdown = 0;
        if (!failed) {
            tb_assert_ok(status, &err);
            assert_true(n > 1);
            print_message("%s: %ld allocations\n", what, n - 1);
            return;
        }
        tb_assert_fails(status, &err, TB_ENOMEM, "no memory");
    }
    fail_msg("%s never ends", what);
}
