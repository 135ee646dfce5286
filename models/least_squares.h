/* Non-linear least squares. Home of GSL in models. */
#ifndef TB_LEAST_SQUARES_H
#define TB_LEAST_SQUARES_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

/** Fill `residuals` at `x`. Anything but TB_OK ends the solve with that status. */
typedef tb_status tb_residual_fn(const double *x, double *residuals, void *user, tb_error *err);

typedef struct tb_least_squares {
    size_t parameters;
    size_t residuals; /* >= parameters */
    tb_residual_fn *fill;
    void *user;
} tb_least_squares;

/**
 * Minimise the sum of squared residuals (Levenberg-Marquardt, Jacobian by finite differences).
 *
 * @param[in,out] x           start, and the solution; unchanged on failure
 * @param[out]    covariance  parameters x parameters, row-major: (J^T J)^-1 at the solution, for
 *                            residuals of unit variance; may be NULL
 * @param[out]    iterations  may be NULL
 * @return TB_OK; what `fill` returns; TB_EINVAL for fewer residuals than parameters or a start
 * whose residuals are not finite; TB_EINTERNAL when GSL does not converge; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_least_squares_solve(const tb_least_squares *problem, double *x,
                                              double *covariance, size_t *iterations,
                                              tb_error *err);

/** How many standard errors hold a share `level` of the mass around the middle: Student's t with
 * that many degrees of freedom, the normal distribution for 0. */
double tb_student_quantile(double level, int64_t degrees_of_freedom);

#endif
