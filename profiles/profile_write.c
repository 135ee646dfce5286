#include "profile_write.h"

#include "case_print.h"
#include "device_print.h"
#include "file.h"
#include "noise_file.h"
#include "run_counters.h"
#include "run_kernels.h"
#include "yaml_print.h"

#include <assert.h>
#include <string.h>

static void print_text(tb_buffer *out, const char *key, const char *text)
{
    if (text != NULL) {
        tb_buffer_printf(out, "    %s: ", key);
        tb_yaml_print_text(out, text);
        tb_buffer_text(out, "\n");
    }
}

static void print_stated(tb_buffer *out, const char *key, const tb_stated *stated)
{
    if (stated->given) {
        tb_buffer_printf(out, "    %s: ", key);
        tb_yaml_print_double(out, stated->value);
        tb_buffer_text(out, "\n");
    }
}

static void print_times(tb_buffer *out, const double *times_us, int64_t count)
{
    tb_buffer_text(out, "[");
    for (int64_t i = 0; i < count; i++) {
        tb_buffer_text(out, i > 0 ? ", " : "");
        tb_yaml_print_double(out, times_us[i]);
    }
    tb_buffer_text(out, "]");
}

static void print_time(tb_buffer *out, const tb_run_time *time)
{
    if (!time->given) {
        return;
    }
    tb_buffer_text(out, "    time_us: {");
    if (time->samples_us != NULL) {
        tb_buffer_text(out, "samples: ");
        print_times(out, time->samples_us, time->n);
        if (time->set_aside > 0) {
            tb_buffer_text(out, ", set_aside: ");
            print_times(out, time->set_aside_us, time->set_aside);
        }
    } else {
        tb_buffer_text(out, "median: ");
        tb_yaml_print_double(out, time->median_us);
        tb_buffer_printf(out, ", n: %lld", (long long)time->n);
        if (time->has_spread) {
            tb_buffer_text(out, ", low: ");
            tb_yaml_print_double(out, time->low_us);
            tb_buffer_text(out, ", high: ");
            tb_yaml_print_double(out, time->high_us);
        }
    }
    if (time->derived_from != NULL) {
        tb_buffer_text(out, ", derived_from: ");
        tb_yaml_print_text(out, time->derived_from);
    }
    tb_buffer_text(out, "}\n");
}

static void print_names(tb_buffer *out, const tb_profile *profile, const tb_run *run)
{
    tb_buffer_text(out, "  - id: ");
    tb_yaml_print_text(out, run->id);
    tb_buffer_text(out, "\n");
    print_text(out, "device", run->device);
    print_text(out, "device_text", run->device_text);
    print_text(out, "kernel", run->kernel);
    print_text(out, "kernel_text", run->kernel_text);
    tb_buffer_printf(out, "    kind: %s\n", tb_run_kind_names[run->kind]);
    if (run->has_baseline) {
        print_text(out, "baseline", profile->runs[run->baseline].id);
    }
}

static void print_run(tb_buffer *out, const tb_profile *profile, const tb_run *run)
{
    assert(run->has_case);
    print_names(out, profile, run);
    tb_case_print(&run->item, "    ", out);
    tb_buffer_printf(out, "    includes: %s\n", tb_run_includes_names[run->includes]);
    print_time(out, &run->time);
    print_stated(out, "tflops", &run->tflops);
    print_stated(out, "speedup", &run->speedup);
    print_stated(out, "permute_us", &run->permute_us);
    print_stated(out, "pack_us", &run->pack_us);
    print_stated(out, "launch_overhead_us", &run->launch_overhead_us);
    if (run->quality != NULL) {
        tb_buffer_printf(out, "    quality: %s\n", run->quality);
    }
    if (run->source != profile->source) { /* its own */
        print_text(out, "source", run->source);
    }
    print_text(out, "notes", run->notes);
    if (run->emulated) {
        tb_buffer_text(out, "    emulated: true\n");
    }
    if (run->is_cold) {
        tb_buffer_text(out, "    cold: true\n");
    }
    if (run->is_processor_time || run->clock != TB_CLOCK_HOST) {
        tb_buffer_printf(out, "    clock: %s\n",
                         run->is_processor_time ? "processor" : tb_run_clock_names[run->clock]);
    }
    print_text(out, "command", run->command);
    if (run->check.rows > 0) {
        tb_buffer_printf(out, "    check: {rows: %lld, worst: ", (long long)run->check.rows);
        tb_yaml_print_double(out, run->check.worst);
        tb_buffer_text(out, "}\n");
    }
    tb_noise_print(&run->noise, out);
    tb_run_kernels_print(run->gpu_kernels, run->gpu_kernel_count, out);
    tb_run_counters_print(&run->counters, out);
    print_text(out, "ended", run->ended);
}

static void print_head(tb_buffer *out, const char *key, const char *text)
{
    if (text != NULL) {
        tb_buffer_printf(out, "%s: ", key);
        tb_yaml_print_text(out, text);
        tb_buffer_text(out, "\n");
    }
}

void tb_profile_print(const tb_profile *profile, tb_buffer *out)
{
    tb_buffer_text(out, "schema: tilebound/profile/1\n");
    print_head(out, "name", profile->name);
    print_head(out, "summary", profile->summary);
    print_head(out, "source", profile->source);
    tb_buffer_text(out, profile->note_count > 0 ? "notes:\n" : "");
    for (size_t i = 0; i < profile->note_count; i++) {
        tb_buffer_text(out, "  - ");
        tb_yaml_print_text(out, profile->notes[i]);
        tb_buffer_text(out, "\n");
    }
    tb_environment_print(&profile->environment, out);
    if (profile->device != NULL) {
        tb_buffer_text(out, "device:\n");
        tb_device_print(profile->device, "  ", out);
    }
    tb_buffer_printf(out, "%s:%s\n", profile->holds_bounds ? "bounds" : "runs",
                     profile->count == 0 ? " []" : "");
    for (size_t i = 0; i < profile->count; i++) {
        print_run(out, profile, &profile->runs[i]);
    }
}

tb_status tb_profile_write(const tb_profile *profile, const char *path, tb_error *err)
{
    tb_buffer text = {0};
    tb_profile_print(profile, &text);
    tb_status status = tb_buffer_check(&text, err);
    if (status == TB_OK) {
        status = tb_file_replace(path, text.data, text.length, err);
    }
    tb_buffer_free(&text);
    return status;
}
