/* What the residuals of a fit say of its parameters. Internal to models. */
#ifndef TB_FIT_ERRORS_H
#define TB_FIT_ERRORS_H

#include "fit.h"

/**
 * Set errors, covariance, scatter and degrees of freedom of *result.
 *
 *   scale = max(1, sqrt(sum of squares / times)): residuals larger than the assumed noise widen the
 *   errors; smaller ones do not narrow them, for a few runs can agree by chance
 *
 * A parameter that the runs do not determine keeps the width that its prior gives it.
 *
 * @param[in] squares     of all residuals, of the runs in units of the noise and of the priors
 * @param[in] covariance  of the parameters, for residuals of unit variance; row-major
 */
void tb_fit_set_errors(const tb_fit_request *request, const bool *skip, double squares,
                       const double *covariance, tb_fit_result *result);

#endif
