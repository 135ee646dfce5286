/* Launches shared out among problems. */
#include "exec_match.h"

#include "buffer.h"
#include "kernel_name.h"

#include <stdlib.h>
#include <string.h>

#define MOST_KERNELS_A_LAUNCH 8
#define NAMES_IN_MESSAGES     4
#define SHORT_NAME            64

/* A division that is tried. */
typedef struct division {
    const tb_exec_records *records;
    const tb_exec_match *match;
    const tb_exec_request *request;
    size_t problems;
    size_t step; /* kernels of a launch */
    size_t size; /* kernels of a problem */
    /* of the first trial that found launches which are not alike: */
    bool is_unlike;
    size_t problem, kernel, before; /* where; from 0 */
} division;

static const tb_exec_kernel *matched(const division *d, size_t i)
{
    return &d->records->kernels[d->match->matched[i]];
}

static bool is_alike(const tb_exec_kernel *a, const tb_exec_kernel *b)
{
    return a->name == b->name && a->registers == b->registers &&
           a->static_shared_bytes == b->static_shared_bytes &&
           a->dynamic_shared_bytes == b->dynamic_shared_bytes &&
           memcmp(a->grid, b->grid, sizeof a->grid) == 0 &&
           memcmp(a->cta, b->cta, sizeof a->cta) == 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where problem `which` has its kernels: [first, end) of the matched ones. */
static size_t end_of(const division *d, size_t which)
{
    return least((which + 1) * d->size, d->match->matched_count);
}

static void note_unlike(division *d, size_t problem, size_t kernel)
{
    if (!d->is_unlike) {
        d->is_unlike = true;
        d->problem = problem;
        d->kernel = kernel;
        d->before = kernel - d->step;
    }
}

/* Are the launches that count alike, in every problem? */
static bool is_regular(division *d)
{
    size_t skipped = (size_t)d->request->warm_up * d->step;
    for (size_t i = 0; i < d->problems; i++) {
        for (size_t k = i * d->size + skipped + d->step; k < end_of(d, i); k++) {
            if (!is_alike(matched(d, k), matched(d, k - d->step))) {
                note_unlike(d, i, k);
                return false;
            }
        }
    }
    return true;
}

/* Where nobody said that several kernels are one launch, they must show it: kernels of different
 * names, again and again in the same order. */
static bool shows_repeats(const division *d)
{
    size_t skipped = (size_t)d->request->warm_up * d->step;
    for (size_t i = 0; i < d->problems; i++) {
        size_t first = i * d->size;
        if (first + skipped + 2 * d->step > end_of(d, i)) {
            return false;
        }
        for (size_t a = 0; a < d->step; a++) {
            for (size_t b = 0; b < a; b++) {
                if (matched(d, first + skipped + a)->name ==
                    matched(d, first + skipped + b)->name) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* Can a problem be `size` kernels, of those that there are? */
static bool fits(const division *d, bool is_exact)
{
    size_t total = d->match->matched_count;
    size_t launches = d->size / d->step;
    bool counts = d->size > 0 && d->size % d->step == 0 && launches > (size_t)d->request->warm_up;
    if (!counts || d->size > SIZE_MAX / 2 / d->problems) {
        return false;
    }
    return is_exact ? total == d->size * d->problems : total <= d->size * d->problems;
}

/* Try launches of `step` kernels. */
static bool try_step(division *d, size_t step, bool is_exact)
{
    const tb_exec_request *request = d->request;
    d->step = step;
    d->size = request->launches > 0 ? (size_t)request->launches * step
                                    : d->match->matched_count / d->problems;
    if (!fits(d, is_exact) || !is_regular(d)) {
        return false;
    }
    return step == 1 || request->kernels_per_launch > 0 || shows_repeats(d);
}

/* is_exact: all that the problems have is there, or what is not may be missing anywhere. */
static bool find_division(division *d, bool is_exact)
{
    if (d->request->kernels_per_launch > 0) {
        return try_step(d, (size_t)d->request->kernels_per_launch, is_exact);
    }
    for (size_t step = 1; step <= MOST_KERNELS_A_LAUNCH; step++) {
        if (try_step(d, step, is_exact)) {
            return true;
        }
    }
    return false;
}

/* "40 launches of fmha<...>, 8 of reduce" */
static void describe(const division *d, tb_buffer *out)
{
    size_t told = 0, left = 0;
    for (size_t i = 0; i < d->match->share_count; i++) {
        const tb_exec_share *share = &d->match->shares[i];
        char name[SHORT_NAME];
        if (!share->is_matched || told == NAMES_IN_MESSAGES) {
            left += share->is_matched;
            continue;
        }
        tb_kernel_short_name(d->records->names[share->name].text, name, sizeof name);
        tb_buffer_printf(out, "%s%lld of %s", told++ > 0 ? ", " : "", (long long)share->launches,
                         name);
    }
    if (left > 0) {
        tb_buffer_printf(out, ", and %zu names more", left);
    }
}

static void print_shape(const tb_exec_kernel *kernel, tb_buffer *out)
{
    tb_buffer_printf(out, "grid %lldx%lldx%lld", (long long)kernel->grid[0],
                     (long long)kernel->grid[1], (long long)kernel->grid[2]);
}

/* Launches of a problem that are not alike. */
static tb_status fail_unlike(const division *d, const char *const *names, tb_error *err)
{
    char before[SHORT_NAME], here[SHORT_NAME];
    tb_buffer shape = {0};
    const tb_exec_kernel *a = matched(d, d->before), *b = matched(d, d->kernel);
    tb_kernel_short_name(d->records->names[a->name].text, before, sizeof before);
    tb_kernel_short_name(d->records->names[b->name].text, here, sizeof here);
    print_shape(b, &shape);
    tb_buffer_text(&shape, " after ");
    print_shape(a, &shape);
    tb_status status = tb_fail(
        err, TB_EINVAL,
        "the launches of problem '%s' are not alike: match %zu is %s%s%s (%s); give --launches as "
        "the program has them for each problem, the first ones to be left out with --warm-up, "
        "--kernels-per-launch where several make one launch, or match fewer kernels",
        names[d->problem], d->kernel + 1, here, a->name != b->name ? " after " : "",
        a->name != b->name ? before : "", shape.failed ? "?" : shape.data);
    tb_buffer_free(&shape);
    return status;
}

static tb_status fail_to_divide(const division *d, bool is_exact, const char *const *names,
                                tb_error *err)
{
    const tb_exec_request *request = d->request;
    tb_buffer what = {0};
    if (d->is_unlike) {
        return fail_unlike(d, names, err);
    }
    describe(d, &what);
    char said[128] = "";
    if (request->launches > 0 || request->kernels_per_launch > 0 || request->warm_up > 0) {
        tb_buffer text = {0};
        tb_buffer_printf(&text, " with --launches %lld --warm-up %lld --kernels-per-launch %lld",
                         (long long)request->launches, (long long)request->warm_up,
                         (long long)request->kernels_per_launch);
        if (!text.failed) {
            memcpy(said, text.data, least(text.length, sizeof said - 1));
        }
        tb_buffer_free(&text);
    }
    tb_status status = tb_fail(
        err, TB_EINVAL,
        "%zu launches match (%s) and the suite has %zu problems: %s%s; give --launches as the "
        "program has them for each problem, in the suite's order, and --kernels-per-launch where "
        "several kernels make one",
        d->match->matched_count, what.failed ? "?" : what.data, d->problems,
        is_exact ? "they cannot be shared out evenly" : "they are too many", said);
    tb_buffer_free(&what);
    return status;
}

/* Two processes at once, or two devices: the order of their launches says nothing. */
static tb_status check_order(const division *d, tb_error *err)
{
    const tb_exec_kernel *last = NULL;
    uint64_t end = 0; /* of the processes before this one */
    uint64_t latest = 0;
    for (size_t i = 0; i < d->match->matched_count; i++) {
        const tb_exec_kernel *kernel = matched(d, i);
        if (last != NULL && kernel->device != last->device) {
            return tb_fail(err, TB_EINVAL,
                           "matching kernels ran on devices %lld and %lld; let the program use one "
                           "(CUDA_VISIBLE_DEVICES)",
                           (long long)last->device, (long long)kernel->device);
        }
        if (last != NULL && kernel->process != last->process) {
            end = latest;
        }
        if (kernel->start_ns > 0 && kernel->start_ns < end) {
            return tb_fail(
                err, TB_EINVAL,
                "matching kernels ran in processes %lld and others at the same time; run "
                "one after the other, or match the kernels of one",
                (long long)d->records->processes[kernel->process].pid);
        }
        latest = kernel->end_ns > latest ? kernel->end_ns : latest;
        last = kernel;
    }
    return TB_OK;
}

static tb_status check_request(const division *d, bool is_whole, tb_error *err)
{
    if (d->problems == 0 || d->match->matched_count == 0) {
        return tb_fail(err, TB_EINVAL, "no kernel matches; there is nothing to share out");
    }
    if (d->request->launches > 0 && d->request->warm_up >= d->request->launches) {
        return tb_fail(err, TB_EINVAL,
                       "--warm-up %lld leaves nothing of --launches %lld; give less",
                       (long long)d->request->warm_up, (long long)d->request->launches);
    }
    if (d->request->launches == 0 && !is_whole) {
        return tb_fail(err, TB_EINVAL,
                       "the program did not end well, or records were lost: the %zu matching "
                       "launches may not be all; say with --launches how many are of each "
                       "problem",
                       d->match->matched_count);
    }
    return check_order(d, err);
}

static void take_samples(const division *d, size_t which, tb_exec_series *out)
{
    size_t end = end_of(d, which);
    size_t first = least(which * d->size, end);
    *out = (tb_exec_series){.first = first,
                            .kernels = end - first,
                            .samples_us = d->match->samples_us + first,
                            .is_complete = end - first == d->size};
    for (size_t k = first + (size_t)d->request->warm_up * d->step; k + d->step <= end;
         k += d->step) {
        double sum_us = 0;
        bool is_timed = true;
        for (size_t i = 0; i < d->step; i++) {
            double time_us = tb_exec_kernel_us(matched(d, k + i));
            sum_us += time_us;
            is_timed = is_timed && time_us > 0;
        }
        if (is_timed) {
            out->samples_us[out->count++] = sum_us;
        }
        out->untimed += !is_timed;
    }
}

tb_status tb_exec_assign(const tb_exec_records *records, const tb_exec_request *request,
                         bool is_complete, const char *const *names, size_t count,
                         tb_exec_match *match, tb_error *err)
{
    division d = {.records = records, .match = match, .request = request, .problems = count};
    bool is_whole = is_complete && !match->lacks_last && !match->lacks_some;
    bool is_exact = is_whole || match->lacks_some;
    tb_status status = check_request(&d, is_whole, err);
    if (status != TB_OK) {
        return status;
    }
    if (!find_division(&d, is_exact)) {
        return fail_to_divide(&d, is_exact, names, err);
    }
    match->series = calloc(count, sizeof *match->series);
    match->samples_us = calloc(match->matched_count, sizeof *match->samples_us);
    if (match->series == NULL || match->samples_us == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the samples of %zu problems", count);
    }
    match->series_count = count;
    match->kernels_per_launch = (int64_t)d.step;
    match->launches = (int64_t)(d.size / d.step);
    match->is_divided = request->launches == 0;
    for (size_t i = 0; i < count; i++) {
        take_samples(&d, i, &match->series[i]);
    }
    return TB_OK;
}
