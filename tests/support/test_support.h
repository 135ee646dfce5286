/* What every test uses. A test file defines tb_tests and tb_test_count, or says TB_TESTS(...). */
#ifndef TB_TEST_SUPPORT_H
#define TB_TEST_SUPPORT_H

/* cmocka wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "status.h"

#include <gsl/gsl_rng.h>
#include <stdbool.h>

/** The tests of an executable, which test_main.c runs. */
extern const struct CMUnitTest tb_tests[];
extern const size_t tb_test_count;

/** Define both from a list of cmocka_unit_test(...). */
#define TB_TESTS(...)                                                                              \
    const struct CMUnitTest tb_tests[] = {__VA_ARGS__};                                            \
    const size_t tb_test_count = sizeof tb_tests / sizeof tb_tests[0]

/* Random cases are divided by this where each costs more (the asan preset says 10). */
#ifndef TB_TEST_CASES_DIVISOR
#define TB_TEST_CASES_DIVISOR 1
#endif

/** Random cases to run where `n` are wanted: at least 1. */
static inline int tb_test_cases(int n)
{
    int cases = n / TB_TEST_CASES_DIVISOR;
    return cases > 0 ? cases : 1;
}

/** Check |value - want| <= rel * |want|; a NaN is never close. */
#define tb_assert_close(value, want, rel)                                                          \
    tb_assert_close_at(value, want, rel, #value, __FILE__, __LINE__)

/** Check that `call` gives TB_OK; the error is printed otherwise. */
#define tb_assert_ok(call, err) tb_assert_ok_at(call, err, #call, __FILE__, __LINE__)

/** Check that `call` gives `code` and an error of that code whose message has `part` in it. */
#define tb_assert_fails(call, err, code, part)                                                     \
    tb_assert_fails_at(call, err, code, part, #call, __FILE__, __LINE__)

/** Check that the error's position is this one. */
#define tb_assert_position(err, line, column)                                                      \
    tb_assert_position_at(err, line, column, __FILE__, __LINE__)

void tb_assert_close_at(double value, double want, double rel, const char *what, const char *file,
                        int line);
void tb_assert_ok_at(tb_status status, const tb_error *err, const char *what, const char *file,
                     int line);
void tb_assert_fails_at(tb_status status, const tb_error *err, tb_status code, const char *part,
                        const char *what, const char *file, int line);
void tb_assert_position_at(const tb_error *err, int error_line, int error_column, const char *file,
                           int line);

/** A Mersenne twister seeded from $TB_SEED, else with a fixed seed, which it prints. Free with
 *  gsl_rng_free(). */
gsl_rng *tb_test_random(void);

/** A uniform integer of [low, high], high - low < 2^31. */
int64_t tb_test_between(gsl_rng *random, int64_t low, int64_t high);

/** A path in a fresh directory of this process, which goes at exit with all that is in it. The
 *  result lives until exit; "" gives the directory itself. */
const char *tb_test_path(const char *name);

/** Write a file at tb_test_path(name), and return its path. */
const char *tb_test_file(const char *name, const void *data, size_t length);

/** A file of `text` with its first `from` replaced by `to`; its path. Fails the test when `from` is
 * not in it. */
const char *tb_test_variant(const char *name, const char *text, const char *from, const char *to);

/** How a file is broken, and the complaint that this must bring. */
typedef struct tb_test_refusal {
    const char *from, *to; /**< as of tb_test_variant() */
    const char *message;   /**< a part of it */
    int line, column;
} tb_test_refusal;

/** Load a file and let go of what came of it. */
typedef tb_status tb_test_loader(const char *path, tb_error *err);

/** Every variant of `text`, as file `name`, fails with TB_EFILE, its message, its file and place.
 */
void tb_test_refusals(const char *name, const char *text, const tb_test_refusal *refusals,
                      size_t count, tb_test_loader *load);

/** A file's bytes, NUL-terminated and malloc'd; fails the test when it cannot be read. */
char *tb_test_read(const char *path, size_t *length);

#endif
