#include "least_squares.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Iterations between looks at the sum of squares, and looks: creeping along a flat valley is an
 * end. */
#define ITERATIONS 20
#define MAX_LOOKS  10
#define FLAT       1e-6 /* relative decrease of the sum between two looks */
/* Parameters to a ten-thousandth of their scale: far below what any run tells. */
#define TOLERANCE 1e-4
/* The model has steps (a wave more or less): differences over a thousandth see its slope. */
#define STEP 1e-3

/* A residual that no fit keeps, and whose square is finite. */
#define OFF_THE_MODEL 1e50

/* What GSL's callback needs, and the status of ours. GSL's vectors may be columns of a matrix, so
 * that ours are copies. */
typedef struct callback {
    const tb_least_squares *problem;
    double *x, *residuals;
    bool started; /* the first residuals were asked for */
    tb_status status;
    tb_error *err;
} callback;

static int fill_residuals(const gsl_vector *x, void *user, gsl_vector *f)
{
    callback *call = user;
    const tb_least_squares *problem = call->problem;
    if (call->status != TB_OK) { /* GSL may take a failed step back and go on; we do not */
        return GSL_EBADFUNC;
    }
    for (size_t i = 0; i < problem->parameters; i++) {
        call->x[i] = gsl_vector_get(x, i);
    }
    call->status = problem->fill(call->x, call->residuals, problem->user, call->err);
    if (call->status != TB_OK) {
        return GSL_EBADFUNC;
    }
    for (size_t i = 0; i < problem->residuals; i++) {
        /* a step to where the model has no value must look bad, and be taken back */
        bool is_lost = call->started && !isfinite(call->residuals[i]);
        gsl_vector_set(f, i, is_lost ? OFF_THE_MODEL : call->residuals[i]);
    }
    call->started = true;
    return GSL_SUCCESS;
}

static tb_status check_finite(const gsl_vector *f, tb_error *err)
{
    for (size_t i = 0; i < f->size; i++) {
        if (!isfinite(gsl_vector_get(f, i))) {
            return tb_fail(err, TB_EINVAL,
                           "the model gives no finite time at the start of the fit");
        }
    }
    return TB_OK;
}

static double sum_of_squares(const gsl_multifit_nlinear_workspace *work)
{
    const gsl_vector *f = gsl_multifit_nlinear_residual(work);
    double sum = 0;
    (void)gsl_blas_ddot(f, f, &sum);
    return sum;
}

/* GSL's code at the end. */
static int iterate(gsl_multifit_nlinear_workspace *work)
{
    int info = 0, code = GSL_EMAXITER;
    for (int look = 0; look < MAX_LOOKS && code == GSL_EMAXITER; look++) {
        double before = sum_of_squares(work);
        code = gsl_multifit_nlinear_driver(ITERATIONS, TOLERANCE, TOLERANCE * TOLERANCE, 0, NULL,
                                           NULL, &info, work);
        if (code == GSL_EMAXITER && sum_of_squares(work) > before * (1 - FLAT)) {
            code = GSL_SUCCESS;
        }
    }
    return code;
}

static tb_status run_driver(gsl_multifit_nlinear_workspace *work, callback *call,
                            const gsl_vector *start, gsl_multifit_nlinear_fdf *fdf, tb_error *err)
{
    int code = gsl_multifit_nlinear_init(start, fdf, work);
    if (call->status == TB_OK && code == GSL_SUCCESS) {
        tb_status status = check_finite(gsl_multifit_nlinear_residual(work), err);
        if (status != TB_OK) {
            return status;
        }
        code = iterate(work);
    }
    if (call->status != TB_OK) {
        return call->status;
    }
    /* GSL_ENOPROG: no step makes it smaller: a minimum, as far as steps of the model allow */
    if (code != GSL_SUCCESS && code != GSL_ENOPROG) {
        return tb_fail(err, TB_EINTERNAL, "the fit does not converge: %s", gsl_strerror(code));
    }
    return TB_OK;
}

static tb_status copy_solution(gsl_multifit_nlinear_workspace *work, size_t p, double *x,
                               double *covariance, tb_error *err)
{
    memcpy(x, gsl_multifit_nlinear_position(work)->data, p * sizeof *x);
    if (covariance == NULL) {
        return TB_OK;
    }
    gsl_matrix_view view = gsl_matrix_view_array(covariance, p, p);
    int code = gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(work), 0, &view.matrix);
    return code == GSL_SUCCESS
               ? TB_OK
               : tb_fail(err, TB_EINTERNAL, "no covariance of the fit: %s", gsl_strerror(code));
}

static tb_status solve(callback *call, double *x, double *covariance, size_t *iterations,
                       tb_error *err)
{
    size_t n = call->problem->residuals, p = call->problem->parameters;
    gsl_multifit_nlinear_parameters options = gsl_multifit_nlinear_default_parameters();
    options.h_df = STEP;
    options.fdtype = GSL_MULTIFIT_NLINEAR_FWDIFF;
    gsl_multifit_nlinear_fdf fdf = {.f = fill_residuals, .n = n, .p = p, .params = call};
    gsl_multifit_nlinear_workspace *work =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &options, n, p);
    if (work == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a fit of %zu parameters", p);
    }
    gsl_vector_const_view start = gsl_vector_const_view_array(x, p);
    tb_status status = run_driver(work, call, &start.vector, &fdf, err);
    if (status == TB_OK) {
        status = copy_solution(work, p, x, covariance, err);
    }
    if (status == TB_OK && iterations != NULL) {
        *iterations = gsl_multifit_nlinear_niter(work);
    }
    gsl_multifit_nlinear_free(work);
    return status;
}

tb_status tb_least_squares_solve(const tb_least_squares *problem, double *x, double *covariance,
                                 size_t *iterations, tb_error *err)
{
    size_t n = problem->residuals, p = problem->parameters;
    if (p < 1 || n < p) {
        return tb_fail(err, TB_EINVAL,
                       "%zu measurements and priors for %zu parameters; give more "
                       "runs",
                       n, p);
    }
    callback call = {.problem = problem,
                     .x = calloc(p, sizeof(double)),
                     .residuals = calloc(n, sizeof(double)),
                     .status = TB_OK,
                     .err = err};
    tb_status status = call.x == NULL || call.residuals == NULL
                           ? tb_fail(err, TB_ENOMEM, "no memory for a fit of %zu parameters", p)
                           : solve(&call, x, covariance, iterations, err);
    free(call.x);
    free(call.residuals);
    return status;
}

double tb_student_quantile(double level, int64_t degrees_of_freedom)
{
    double upper = (1 + level) / 2;
    return degrees_of_freedom > 0 ? gsl_cdf_tdist_Pinv(upper, (double)degrees_of_freedom)
                                  : gsl_cdf_ugaussian_Pinv(upper);
}
