/* Long convolution by FFT: every channel transformed, multiplied, and transformed back.
 *
 *   FLOP   transforms x 5/2 L log2 L (a real transform of L points) + 6 (L / 2) a channel, L =
 *          `length`, on FMA pipes
 *   bytes  input and output once; a transform of more than `on_chip` bytes goes through memory
 *          (L complex halves, 4 L bytes, written and read) once more, in two steps
 *
 * Source: Cooley and Tukey 1965; Bailey's four-step form for lengths past on-chip memory (J.
 * Supercomputing 4, 1990).
 * Not modelled: FFTs as matrix products on tensor cores (FlashFFTConv): give `product` stages. */
#include "stage_parts.h"

#include <math.h>

static const char *const keys[] = {"tokens",  "channels", "length", "transforms",
                                   "on_chip", "launches", NULL};

#define REAL_FFT_FLOP 2.5
#define COMPLEX_FLOP  6.0
#define COMPLEX_BYTES 8.0
#define ON_CHIP_BYTES 131072.0

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    const tb_problem *problem = context->problem;
    double tokens = 0, channels = 0, length = 0, transforms = 0, on_chip = 0;
    double n = (double)tb_layout_tokens(&problem->layout);
    double width = (double)problem->batch * (double)problem->heads * (double)problem->dim;
    tb_work *work = &out->work;
    tb_status status = tb_stage_number(stage, context, "tokens", n, 1, &tokens, err);
    const struct {
        const char *key;
        double *out, otherwise, least;
    } values[] = {{"channels", &channels, width, 1},
                  {"length", &length, 2 * tokens, 1},
                  {"transforms", &transforms, 2, 0},
                  {"on_chip", &on_chip, ON_CHIP_BYTES, 1}};
    for (size_t i = 0; status == TB_OK && i < sizeof values / sizeof *values; i++) {
        status = tb_stage_number(stage, context, values[i].key, values[i].otherwise,
                                 values[i].least, values[i].out, err);
    }
    double spectrum = length / 2 * COMPLEX_BYTES; /* of a real signal */
    bool is_long = spectrum > on_chip;
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "launches", is_long ? 1 + transforms : 1, 0,
                                 &work->launches, err);
    }
    if (status != TB_OK) {
        return status;
    }
    double element = (double)tb_dtype_bytes(problem->dtype);
    work->rate = TB_RATE_FP32;
    work->fma_flop =
        channels * (transforms * REAL_FFT_FLOP * length * log2(length) + COMPLEX_FLOP * length / 2);
    work->hbm_bytes = channels * 2 * tokens * element;
    work->hbm_bytes += is_long ? channels * transforms * 2 * spectrum : 0;
    work->live_bytes = is_long ? channels * spectrum : 0;
    return tb_stage_time_work(context, out, err);
}

const tb_stage_kind tb_stage_fft = {
    .name = "fft",
    .summary = "long convolution by FFT",
    .keys = keys,
    .evaluate = evaluate,
};
