/* Writes fitted kernels: their files as they were, with new `fits`. */
#include "buffer.h"
#include "calibrate.h"
#include "calibrate_store.h"
#include "file.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_KERNEL_BYTES ((size_t)64 << 20)

/* Is it a line of the block under a top-level key: indented, a list entry, a comment, or empty? */
static bool continues_block(const char *line, size_t length)
{
    return length == 0 || line[0] == ' ' || line[0] == '-' || line[0] == '#' || line[0] == '\r';
}

/* Copy a kernel file without its top-level `fits`. */
static void copy_without_fits(const char *text, size_t length, tb_buffer *out)
{
    bool in_fits = false;
    for (size_t begin = 0; begin < length;) {
        const char *end = memchr(text + begin, '\n', length - begin);
        size_t line = end == NULL ? length - begin : (size_t)(end - (text + begin));
        in_fits = (in_fits && continues_block(text + begin, line)) ||
                  (line >= 5 && memcmp(text + begin, "fits:", 5) == 0);
        if (!in_fits) {
            tb_buffer_append(out, text + begin, line);
            tb_buffer_text(out, "\n");
        }
        begin += line + 1;
    }
}

static void print_numbers(tb_buffer *out, const char *key, const bool *given, const double *numbers)
{
    char number[32];
    const char *joint = "";
    tb_buffer_printf(out, "    %s: {", key);
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        if (given[p]) {
            double rounded = 0;
            (void)snprintf(number, sizeof number, "%.5g", numbers[p]);
            (void)tb_text_double(number, &rounded);
            tb_buffer_printf(out, "%s%s: %s", joint, tb_time_parameters[p].name,
                             tb_text_shortest(rounded, number));
            joint = ", ";
        }
    }
    tb_buffer_text(out, "}\n");
}

/* The lower triangle of the covariance, a row a parameter in the order of the values. */
static void print_covariance(tb_buffer *out, const tb_fit *fit)
{
    const char *joint = "";
    tb_buffer_text(out, "    covariance: [");
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        if (!fit->fitted[p]) {
            continue;
        }
        tb_buffer_printf(out, "%s[", joint);
        joint = "";
        for (size_t q = 0; q <= p; q++) {
            if (fit->fitted[q]) {
                tb_buffer_printf(out, "%s%.4g", joint, fit->covariance[p][q]);
                joint = ", ";
            }
        }
        tb_buffer_text(out, "]");
        joint = ", ";
    }
    tb_buffer_text(out, "]\n");
}

static void print_fit(tb_buffer *out, const tb_fit *fit)
{
    char number[32];
    tb_buffer_printf(out, "  - device: %s\n", fit->device);
    if (fit->compute_capability > 0) {
        tb_buffer_printf(out, "    compute_capability: %lld\n", (long long)fit->compute_capability);
    }
    tb_buffer_printf(out, "    date: '%s'\n    runs: %lld\n%s", fit->date, (long long)fit->runs,
                     fit->is_emulated ? "    emulated: true\n" : "");
    print_numbers(out, "values", fit->fitted, fit->value);
    print_numbers(out, "errors", fit->fitted, fit->error);
    print_covariance(out, fit);
    if (fit->has_scatter) {
        double rounded = round(fit->scatter * 1e5) / 1e5;
        tb_buffer_printf(out, "    scatter: %s\n", tb_text_shortest(rounded, number));
    }
    if (fit->degrees_of_freedom > 0) {
        tb_buffer_printf(out, "    degrees_of_freedom: %lld\n", (long long)fit->degrees_of_freedom);
    }
}

/* Does a parameter of the fit belong to this kernel on this device? */
static bool is_of(const tb_fit_parameter *parameter, const tb_kernel *kernel,
                  const tb_device *device)
{
    const char *family = kernel->time.family;
    bool is_owner = strcmp(parameter->owner, kernel->name) == 0 ||
                    (family != NULL && strcmp(parameter->owner, family) == 0);
    return is_owner && (parameter->device == NULL || strcmp(parameter->device, device->name) == 0);
}

/* What the calibration says of a kernel on a device; runs stay 0 when it has none there. */
static tb_fit fit_of(const tb_calibration *c, const tb_kernel *kernel, const tb_device *device,
                     const char *date)
{
    const tb_fit_result *result = &c->fit;
    tb_fit fit = {.device = device->name,
                  .compute_capability = device->compute_capability,
                  .date = date,
                  .is_emulated = c->is_emulated,
                  .has_scatter = true,
                  .scatter = result->scatter,
                  .degrees_of_freedom = result->degrees_of_freedom};
    for (size_t r = 0; r < c->count; r++) {
        fit.runs += c->request.runs[r].kernel == kernel && c->request.runs[r].device == device;
    }
    for (size_t i = 0; fit.runs > 0 && i < result->count; i++) {
        const tb_fit_parameter *parameter = &result->parameters[i];
        if (!is_of(parameter, kernel, device)) {
            continue;
        }
        size_t p = parameter->parameter;
        fit.fitted[p] = true;
        fit.value[p] = parameter->value;
        fit.error[p] = parameter->error;
        for (size_t j = 0; j < result->count; j++) {
            if (is_of(&result->parameters[j], kernel, device)) {
                fit.covariance[p][result->parameters[j].parameter] = result->covariance[i][j];
            }
        }
    }
    return fit;
}

static void print_fits(const tb_calibration *c, const tb_kernel *kernel, const char *date,
                       tb_buffer *out)
{
    const tb_calibration_store *store = c->store;
    tb_buffer_text(out, "fits:\n");
    for (size_t i = 0; i < kernel->time.fit_count; i++) { /* of devices that were not fitted now */
        bool replaced = false;
        for (size_t d = 0; d < store->device_count; d++) {
            bool same = strcmp(store->devices[d]->name, kernel->time.fits[i].device) == 0;
            replaced = replaced || (same && fit_of(c, kernel, store->devices[d], date).runs > 0);
        }
        if (!replaced) {
            print_fit(out, &kernel->time.fits[i]);
        }
    }
    for (size_t d = 0; d < store->device_count; d++) {
        tb_fit fit = fit_of(c, kernel, store->devices[d], date);
        if (fit.runs > 0) {
            print_fit(out, &fit);
        }
    }
}

static tb_status write_kernel(const tb_calibration *c, const tb_kernel *kernel, const char *date,
                              const char *path, tb_error *err)
{
    tb_file_bytes bytes = {0};
    tb_buffer text = {0};
    tb_status status = tb_file_read(kernel->path, MAX_KERNEL_BYTES, &bytes, err);
    if (status == TB_OK) {
        copy_without_fits((const char *)bytes.data, bytes.length, &text);
        print_fits(c, kernel, date, &text);
        status = tb_buffer_check(&text, err);
    }
    tb_file_release(&bytes); /* before the write: the file may be replaced by it */
    if (status == TB_OK) {
        status = tb_file_replace(path, text.data, text.length, err);
    }
    tb_buffer_free(&text);
    return status;
}

static bool has_runs(const tb_calibration *c, const tb_kernel *kernel)
{
    for (size_t r = 0; r < c->count; r++) {
        if (c->request.runs[r].kernel == kernel) {
            return true;
        }
    }
    return false;
}

static bool names_file(const char *path)
{
    size_t length = strlen(path);
    return (length > 5 && strcmp(path + length - 5, ".yaml") == 0) ||
           (length > 4 && strcmp(path + length - 4, ".yml") == 0);
}

tb_status tb_calibration_write(const tb_calibration *calibration, const char *path, tb_error *err)
{
    const tb_calibration_store *store = calibration->store;
    char date[16] = "";
    time_t now = time(NULL);
    struct tm day;
    if (gmtime_r(&now, &day) != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%d", &day);
    }
    size_t fitted = 0;
    for (size_t k = 0; k < store->kernel_count; k++) {
        fitted += has_runs(calibration, store->kernels[k]);
    }
    bool is_file = names_file(path);
    if (is_file && fitted > 1) {
        return tb_fail(err, TB_EINVAL, "%zu kernels were fitted; give -o a folder for their files",
                       fitted);
    }
    tb_status status = is_file ? TB_OK : tb_file_make_directory(path, err);
    for (size_t k = 0; status == TB_OK && k < store->kernel_count; k++) {
        const tb_kernel *kernel = store->kernels[k];
        char name[4096];
        if (!has_runs(calibration, kernel)) {
            continue;
        }
        int used = is_file ? snprintf(name, sizeof name, "%s", path)
                           : snprintf(name, sizeof name, "%s/%s.yaml", path, kernel->name);
        if (used < 0 || used >= (int)sizeof name) {
            return tb_fail_at(err, TB_EIO, path, 0, 0, "the path is too long; use a shorter one");
        }
        status = write_kernel(calibration, kernel, date, name, err);
    }
    return status;
}
