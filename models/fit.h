/* Fitting the time model to measured runs. */
#ifndef TB_FIT_H
#define TB_FIT_H

#include "device.h"
#include "kernel.h"
#include "predict.h"
#include "time_model.h"
#include "timed_prediction.h"

/** One measured run, with what the model needs to time it. All borrowed. */
typedef struct tb_fit_run {
    const char *id;
    const char *problem; /* runs with the same text are the same problem, whatever the device */
    const tb_kernel *kernel;
    const tb_device *device;
    const tb_prediction *prediction;
    const tb_cta_counts *counts;
    double measured_us;         /* attention */
    double measured_permute_us; /* 0 = not measured */
    double measured_pack_us;    /* part of measured_us; 0 = not measured */
} tb_fit_run;

/** One free parameter of a fit. */
typedef struct tb_fit_parameter {
    tb_time_parameter parameter;
    const char *owner;  /* kernel, or family of kernels where it is shared */
    const char *device; /* NULL where it is shared between devices */
    double value;
    double error; /* standard error on the transformed scale */
    double prior_value;
    double prior_spread;
    bool is_determined; /* the runs say more than the prior */
} tb_fit_parameter;

#define TB_FIT_PARAMETERS_MAX 64

typedef struct tb_fit_request {
    const tb_fit_run *runs;
    size_t count;
    bool shared[TB_TIME_PARAMETER_COUNT]; /* between the devices of a family of kernels */
    double noise; /* relative spread of measured times, which weighs runs against priors */
    /* of each run, as tb_fit_bases() gives them, or NULL: times are rescaled from them (CTAs stay
     * on their slots), which makes fits that start near them cheap; borrowed */
    const tb_time *bases;
} tb_fit_request;

typedef struct tb_fit_result {
    tb_fit_parameter parameters[TB_FIT_PARAMETERS_MAX];
    size_t count;
    size_t iterations;
    double scatter; /* relative, of single runs about the fit: what was assumed, or more where the
                       residuals say so; errors and covariance are scaled to it */
    int64_t degrees_of_freedom; /* measured times: every parameter has its prior as one more */
    /* of the parameters on their transformed scales */
    double covariance[TB_FIT_PARAMETERS_MAX][TB_FIT_PARAMETERS_MAX];
} tb_fit_result;

/**
 * Fit the parameters that the runs need.
 *
 *   minimise sum ((log predicted - log measured) / noise)^2 + sum ((x - prior) / spread)^2
 *   with x the parameters on their transformed scales (log or logit)
 *
 * A parameter is free for each kernel and device, or once for each family and all devices where
 * `shared` says so. A parameter whose error stays within 20 % of its prior's spread is not
 * determined by the runs.
 *
 * @param[in] skip  may be NULL; true = leave that run out (for cross-validation)
 * @param[in] start may be NULL; a solution of the same runs to start from
 * @return TB_OK; TB_EINVAL for no run, a time that is not above 0, or a kernel without priors; what
 *         tb_time_predict() and tb_least_squares_solve() return
 */
TB_NODISCARD tb_status tb_fit_solve(const tb_fit_request *request, const bool *skip,
                                    const tb_fit_result *start, tb_fit_result *out, tb_error *err);

/** The time of every run that `skip` (may be NULL) does not leave out, under a fit. What
 *  tb_time_predict() returns. */
TB_NODISCARD tb_status tb_fit_bases(const tb_fit_request *request, const tb_fit_result *result,
                                    const bool *skip, tb_time *out, tb_error *err);

/** The parameters in force for a run under a fit; priors where the fit says nothing. */
tb_time_values tb_fit_values(const tb_fit_request *request, const tb_fit_result *result,
                             const tb_fit_run *run);

/** Predict one run under a fit; permute_us may be NULL. */
TB_NODISCARD tb_status tb_fit_predict(const tb_fit_request *request, const tb_fit_result *result,
                                      const tb_fit_run *run, double *attention_us,
                                      double *permute_us, tb_error *err);

#endif
