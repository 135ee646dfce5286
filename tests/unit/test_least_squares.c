/* Least squares: solutions and covariances that can be worked out by hand, and refusals. */
#include "least_squares.h"

#include "test_support.h"

#include <math.h>

#define MAX_POINTS 8

/* Points of a curve, and how often it was asked for. */
typedef struct curve {
    size_t points;
    double t[MAX_POINTS], y[MAX_POINTS];
    int calls;
    int fails_at;     /* this call fails; 0 = none */
    double nan_above; /* the curve is NaN where its first parameter passes this */
} curve;

/* y = x0 + x1 t */
static tb_status fill_line(const double *x, double *residuals, void *user, tb_error *err)
{
    curve *data = user;
    data->calls++;
    if (data->calls == data->fails_at) {
        return tb_fail(err, TB_EOVERFLOW, "call %d overflows", data->calls);
    }
    for (size_t i = 0; i < data->points; i++) {
        residuals[i] = x[0] + x[1] * data->t[i] - data->y[i];
    }
    if (data->nan_above > 0 && x[0] > data->nan_above) {
        residuals[0] = nan("");
    }
    return TB_OK;
}

/* y = x0 exp(-x1 t) */
static tb_status fill_exponential(const double *x, double *residuals, void *user, tb_error *err)
{
    curve *data = user;
    (void)err;
    data->calls++;
    for (size_t i = 0; i < data->points; i++) {
        residuals[i] = x[0] * exp(-x[1] * data->t[i]) - data->y[i];
    }
    return TB_OK;
}

static tb_least_squares problem_of(curve *data, size_t parameters, tb_residual_fn *fill)
{
    return (tb_least_squares){
        .parameters = parameters, .residuals = data->points, .fill = fill, .user = data};
}

/* Through (0, 1), (1, 3), (2, 4), (3, 6): n = 4, sum t = 6, t^2 = 14, y = 14, t y = 29. Slope
 * (4 29 - 6 14) / (4 14 - 36) = 1.6, intercept (14 - 1.6 6) / 4 = 1.1. J^T J = [[4, 6], [6, 14]] of
 * determinant 20, its inverse [[0.7, -0.3], [-0.3, 0.2]]. */
static void line__has_its_textbook_solution(void **state)
{
    (void)state;
    curve data = {.points = 4, .t = {0, 1, 2, 3}, .y = {1, 3, 4, 6}};
    tb_least_squares problem = problem_of(&data, 2, fill_line);
    double x[2] = {72, -96}, covariance[4];
    size_t iterations = 0;
    tb_error err;
    tb_assert_ok(tb_least_squares_solve(&problem, x, covariance, &iterations, &err), &err);
    tb_assert_close(x[0], 1.1, 1e-5);
    tb_assert_close(x[1], 1.6, 1e-5);
    tb_assert_close(covariance[0], 0.7, 1e-6);
    tb_assert_close(covariance[1], -0.3, 1e-6);
    tb_assert_close(covariance[2], -0.3, 1e-6);
    tb_assert_close(covariance[3], 0.2, 1e-6);
    assert_true(iterations >= 1 && iterations < 50);
}

/* Through (0, A) and (1, A e), e = exp(-k): J = [[1, 0], [e, -A e]] there, (J^T J)^-1 = [[1, 1/A],
 * [1/A, (1 + 1/e^2) / A^2]]. A = 2.5 and e = 0.5 give [[1, 0.4], [0.4, 0.8]]. Forward differences
 * are good for about a thousandth. */
static void exponential__has_its_exact_solution(void **state)
{
    (void)state;
    curve data = {.points = 2, .t = {0, 1}, .y = {2.5, 1.25}};
    tb_least_squares problem = problem_of(&data, 2, fill_exponential);
    double x[2] = {1, 0.1}, covariance[4];
    tb_error err;
    tb_assert_ok(tb_least_squares_solve(&problem, x, covariance, NULL, &err), &err);
    tb_assert_close(x[0], 2.5, 1e-4);
    tb_assert_close(x[1], log(2), 1e-4);
    tb_assert_close(covariance[0], 1, 3e-3);
    tb_assert_close(covariance[1], 0.4, 3e-3);
    tb_assert_close(covariance[2], covariance[1], 1e-12);
    tb_assert_close(covariance[3], 0.8, 3e-3);
}

/* Five points of 7.2 exp(-t / 3), and no wish for a covariance. */
static void exponential__is_found_from_afar(void **state)
{
    (void)state;
    curve data = {.points = 5, .t = {0, 1, 2, 4, 8}};
    for (size_t i = 0; i < data.points; i++) {
        data.y[i] = 7.2 * exp(-data.t[i] / 3);
    }
    tb_least_squares problem = problem_of(&data, 2, fill_exponential);
    double x[2] = {0.5, 2};
    tb_error err;
    tb_assert_ok(tb_least_squares_solve(&problem, x, NULL, NULL, &err), &err);
    tb_assert_close(x[0], 7.2, 1e-4);
    tb_assert_close(x[1], 1.0 / 3, 1e-4);
}

static void too_few_residuals__are_refused(void **state)
{
    (void)state;
    curve data = {.points = 1, .t = {1}, .y = {2}};
    tb_least_squares problem = problem_of(&data, 2, fill_line);
    double x[2] = {3, 4};
    tb_error err;
    tb_assert_fails(tb_least_squares_solve(&problem, x, NULL, NULL, &err), &err, TB_EINVAL,
                    "1 measurements and priors for 2 parameters; give more runs");
    problem.parameters = 0;
    tb_assert_fails(tb_least_squares_solve(&problem, x, NULL, NULL, &err), &err, TB_EINVAL,
                    "give more runs");
    assert_int_equal(data.calls, 0);
    assert_true(x[0] == 3 && x[1] == 4);
}

static void a_start_that_is_not_finite__is_refused(void **state)
{
    (void)state;
    static const double bad[] = {HUGE_VAL, -HUGE_VAL};
    tb_error err;
    for (int i = 0; i < 3; i++) {
        curve data = {.points = 3, .t = {0, 1, 2}, .y = {1, 3, 4}};
        data.y[1] = i < 2 ? bad[i] : nan("");
        tb_least_squares problem = problem_of(&data, 2, fill_line);
        double x[2] = {3, 4};
        tb_assert_fails(tb_least_squares_solve(&problem, x, NULL, NULL, &err), &err, TB_EINVAL,
                        "no finite time at the start");
        assert_true(x[0] == 3 && x[1] == 4);
    }
}

/* Whichever call fails, its status and message come out, and x stays. */
static void what_the_residuals_return__is_passed_up(void **state)
{
    (void)state;
    curve whole = {.points = 4, .t = {0, 1, 2, 3}, .y = {1, 3, 4, 6}};
    tb_least_squares problem = problem_of(&whole, 2, fill_line);
    double x[2] = {72, -96};
    tb_error err;
    tb_assert_ok(tb_least_squares_solve(&problem, x, NULL, NULL, &err), &err);
    assert_true(whole.calls >= 4);
    for (int n = 1; n <= whole.calls; n++) {
        curve data = whole;
        data.calls = 0;
        data.fails_at = n;
        problem = problem_of(&data, 2, fill_line);
        x[0] = 72;
        x[1] = -96;
        tb_assert_fails(tb_least_squares_solve(&problem, x, NULL, NULL, &err), &err, TB_EOVERFLOW,
                        "overflows");
        assert_true(x[0] == 72 && x[1] == -96);
        assert_int_equal(data.calls, n); /* and nothing is asked after it */
    }
    print_message("%d calls, each of which may fail\n", whole.calls);
}

/* A step into where the model has no value is taken back: never a NaN for a solution. */
static void steps_off_the_model__give_no_nan(void **state)
{
    (void)state;
    curve data = {.points = 4, .t = {0, 1, 2, 3}, .y = {1, 3, 4, 6}, .nan_above = 1.0};
    tb_least_squares problem = problem_of(&data, 2, fill_line);
    double x[2] = {-9, 7};
    tb_error err;
    tb_status status = tb_least_squares_solve(&problem, x, NULL, NULL, &err);
    assert_true(isfinite(x[0]) && isfinite(x[1]));
    assert_true(status != TB_OK || x[0] <= 1.0);
    print_message("%s, x = %g, %g\n", tb_status_name(status), x[0], x[1]);
}

/* Percentage points of Student's t, as in the tables of textbooks (two-sided 95 % and 90 %). */
static void students_t__has_its_textbook_values(void **state)
{
    (void)state;
    static const struct {
        double level;
        int64_t degrees_of_freedom;
        double want;
    } rows[] = {{0.95, 1, 12.7062},   {0.95, 2, 4.30265},  {0.95, 5, 2.570582},
                {0.95, 10, 2.228139}, {0.95, 30, 2.04227}, {0.95, 120, 1.97993},
                {0.95, 0, 1.959964}, /* 0: normal */
                {0.9, 5, 2.015048},   {0.9, 0, 1.644854},  {0.99, 7, 3.499483}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tb_assert_close(tb_student_quantile(rows[i].level, rows[i].degrees_of_freedom),
                        rows[i].want, 2e-6);
    }
    assert_true(tb_student_quantile(0.95, 1000000) > tb_student_quantile(0.95, 0));
}

TB_TESTS(cmocka_unit_test(students_t__has_its_textbook_values),
         cmocka_unit_test(line__has_its_textbook_solution),
         cmocka_unit_test(exponential__has_its_exact_solution),
         cmocka_unit_test(exponential__is_found_from_afar),
         cmocka_unit_test(too_few_residuals__are_refused),
         cmocka_unit_test(a_start_that_is_not_finite__is_refused),
         cmocka_unit_test(what_the_residuals_return__is_passed_up),
         cmocka_unit_test(steps_off_the_model__give_no_nan));
