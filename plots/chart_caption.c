#include "chart_caption.h"

#include "case_words.h"
#include "emulated.h"
#include "version.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE 512

void tb_chart_title(const tb_chart_input *input, tb_chart_data *data, const char *otherwise, ...)
{
    char text[SENTENCE];
    va_list arguments;
    va_start(arguments, otherwise);
    (void)vsnprintf(text, sizeof text, otherwise, arguments);
    va_end(arguments);
    tb_buffer_text(&data->title, input->title != NULL ? input->title : text);
}

void tb_chart_say(tb_chart_data *data, const char *format, ...)
{
    char text[SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tb_buffer_printf(&data->caption, "%s%s", data->caption.length > 0 ? " " : "", text);
}

void tb_chart_say_problem(const tb_prediction *prediction, tb_chart_data *data)
{
    const tb_problem *problem = &prediction->problem;
    char pattern[256], layout[96];
    int rank = problem->layout.rank;
    tb_chart_say(data, "%s over %s, batch %lld, %lld %s, dim %lld, %s, %s.",
                 tb_view_pattern(&prediction->pattern, rank, pattern),
                 tb_view_dims(problem->layout.extent, rank, layout), (long long)problem->batch,
                 (long long)problem->heads, problem->heads == 1 ? "head" : "heads",
                 (long long)problem->dim, tb_dtype_names[problem->dtype],
                 tb_pass_names[problem->pass]);
}

void tb_chart_say_tiles(const tb_prediction *prediction, tb_chart_data *data)
{
    const tb_tiling *tiling = &prediction->tiling;
    char q[96], kv[96];
    int dims = tb_tiling_dims(tiling, &prediction->problem.layout);
    tb_chart_say(data, "Query tile %s, KV tile %s (%s).", tb_view_dims(tiling->q_tile, dims, q),
                 tb_view_dims(tiling->kv_tile, dims, kv), tb_tiling_kind_names[tiling->kind]);
}

void tb_chart_say_times(const tb_chart_input *input, const tb_timing *timing, tb_chart_data *data)
{
    if (timing->has_dense) {
        tb_chart_say(data, "Predicted: %s (%s) and %s dense (%s) on %s.", input->kernel->name,
                     tb_basis_names[timing->time.basis], input->baseline->name,
                     tb_basis_names[timing->dense.basis], input->device->name);
    } else {
        tb_chart_say(data, "Predicted: %s (%s) on %s.", input->kernel->name,
                     tb_basis_names[timing->time.basis], input->device->name);
    }
}

void tb_chart_say_version(tb_chart_data *data)
{
    tb_chart_say(data, "tilebound %s.", TB_VERSION);
}

static size_t count_events(const tb_chart_input *input)
{
    size_t count = 0;
    for (size_t p = 0; p < input->profile_count; p++) {
        for (size_t i = 0; i < input->profiles[p]->count; i++) {
            const tb_run *run = &input->profiles[p]->runs[i];
            count += run->time.given && run->clock == TB_CLOCK_EVENTS;
        }
    }
    return count;
}

void tb_chart_say_clocks(const tb_chart_input *input, tb_chart_data *data)
{
    bool is_device = input->device != NULL && input->device->is_emulated;
    size_t events = count_events(input);
    if (events > 0) {
        tb_chart_say(data, "%zu of the profiles' times are of CUDA events, not of CUPTI.", events);
    }
    if (is_device || tb_profiles_have_emulated(input->profiles, input->profile_count)) {
        tb_buffer_text(&data->title, " (emulated)");
        tb_chart_say(data, "Emulated: no GPU ran; what is measured says nothing of one.");
    }
}
