/* predict over several cases: a suite, a network's layers, a kernel's tile shapes, all kernels.
 * Each prints its result and returns the least tile speedup in it, for --at-least. */
#ifndef TB_PREDICT_LISTS_H
#define TB_PREDICT_LISTS_H

#include "case_options.h"
#include "device.h"
#include "kernel.h"
#include "output.h"
#include "parallel_case.h"

/** What all of them need. */
typedef struct tb_predict_request {
    const tb_case_args *args; /* options that override what a network says; not for a suite */
    const tb_output_args *output;
    const tb_kernel *kernel;          /* may be NULL */
    const tb_device *device;          /* may be NULL; with a kernel */
    const tb_kernel *baseline_kernel; /* may be NULL */
    tb_baseline baseline;
    int64_t dense_steps;          /* of a network's steps, at first */
    tb_parallel_request parallel; /* of one problem; devices 0: one */
} tb_predict_request;

TB_NODISCARD tb_status tb_predict_suite(const tb_predict_request *request, const char *suite,
                                        double *least, tb_error *err);

/** layer < 0: all layers. */
TB_NODISCARD tb_status tb_predict_network(const tb_predict_request *request, const char *network,
                                          int64_t layer, double *least, tb_error *err);

TB_NODISCARD tb_status tb_predict_tiles(const tb_predict_request *request, const tb_case *item,
                                        double *least, tb_error *err);

/** Needs a device; every known kernel, fastest first. */
TB_NODISCARD tb_status tb_predict_kernels(const tb_predict_request *request, const tb_case *item,
                                          double *least, tb_error *err);

#endif
