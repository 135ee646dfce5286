#include "chart_times.h"

tb_status tb_chart_times_fill(const tb_chart_input *input, const tb_case *item, tb_chart_times *out,
                              tb_error *err)
{
    *out = (tb_chart_times){0};
    tb_status status = tb_predict(item, input->kernel, &out->prediction, err);
    if (status == TB_OK && input->device != NULL && input->kernel != NULL) {
        status = tb_predict_time(&out->prediction, input->kernel, input->device, input->baseline,
                                 &out->timing, err);
    }
    return status;
}

void tb_chart_times_release(tb_chart_times *times)
{
    tb_prediction_release(&times->prediction);
    *times = (tb_chart_times){0};
}

const char *tb_chart_time_unit(double most_us, double *scale)
{
    *scale = most_us < 1e3 ? 1 : most_us < 1e6 ? 1e-3 : 1e-6;
    return most_us < 1e3 ? "us" : most_us < 1e6 ? "ms" : "s";
}
