#include "exec_match.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the kernels of a program");
}

void tb_exec_match_free(tb_exec_match *match)
{
    free(match->shares);
    free(match->matched);
    free(match->series);
    free(match->samples_us);
    *match = (tb_exec_match){0};
}

static tb_status compile(const char *pattern, regex_t *out, tb_error *err)
{
    char why[200];
    int failure = regcomp(out, pattern, REG_EXTENDED | REG_NOSUB);
    if (failure == 0) {
        return TB_OK;
    }
    (void)regerror(failure, out, why, sizeof why);
    return tb_fail(
        err, TB_EINVAL,
        "--match '%s' is no extended regular expression: %s; a backslash takes away what "
        "( ) [ { . * + ? | ^ $ mean",
        pattern, why);
}

tb_status tb_exec_pattern_check(const char *pattern, tb_error *err)
{
    regex_t compiled;
    tb_status status = compile(pattern, &compiled, err);
    if (status == TB_OK) {
        regfree(&compiled);
    }
    return status;
}

/* Shares by name still: share i is of name i. */
static void add_up(const tb_exec_records *records, tb_exec_match *out)
{
    for (size_t i = 0; i < records->count; i++) {
        const tb_exec_kernel *kernel = &records->kernels[i];
        tb_exec_share *share = &out->shares[kernel->name];
        double time_us = tb_exec_kernel_us(kernel);
        share->launches++;
        share->untimed += time_us == 0;
        share->time_us += time_us;
        out->time_us += time_us;
        if (share->is_matched) {
            out->matched[out->matched_count++] = i;
        }
    }
}

/* A program that was cut short may have named a kernel of which no record came. */
static void keep_launched(tb_exec_match *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->share_count; i++) {
        if (out->shares[i].launches > 0) {
            out->shares[kept++] = out->shares[i];
        }
    }
    out->share_count = kept;
}

static int by_time(const void *a, const void *b)
{
    const tb_exec_share *left = a, *right = b;
    if (left->time_us != right->time_us) {
        return left->time_us < right->time_us ? 1 : -1;
    }
    return left->name < right->name ? -1 : 1;
}

/* Do these run at the same time? */
static bool overlap(const tb_exec_kernel *a, const tb_exec_kernel *b)
{
    return tb_exec_kernel_us(a) > 0 && tb_exec_kernel_us(b) > 0 && a->device == b->device &&
           a->start_ns < b->end_ns && b->start_ns < a->end_ns;
}

/* What may be missing of the kernels that match. A process that broke off before another one began
 * lacks some in the midst of all. */
static void judge(const tb_exec_records *records, tb_exec_match *out)
{
    size_t last = 0;
    for (size_t i = 0; i < out->matched_count; i++) {
        const tb_exec_kernel *kernel = &records->kernels[out->matched[i]];
        const tb_exec_process *process = &records->processes[kernel->process];
        bool is_new = i == 0 || kernel->process != last;
        out->lacks_some = out->lacks_some || (is_new && out->lacks_last) || process->dropped > 0 ||
                          process->malformed > 0 || process->trouble != NULL;
        out->lacks_last = out->lacks_last || !process->has_ended;
        out->overlapping += i > 0 && overlap(&records->kernels[out->matched[i - 1]], kernel);
        last = kernel->process;
    }
}

tb_status tb_exec_match_names(const tb_exec_records *records, const char *pattern,
                              tb_exec_match *out, tb_error *err)
{
    regex_t compiled;
    *out = (tb_exec_match){0};
    tb_status status = compile(pattern, &compiled, err);
    if (status != TB_OK) {
        return status;
    }
    out->shares = calloc(records->name_count + 1, sizeof *out->shares);
    out->matched = calloc(records->count + 1, sizeof *out->matched);
    if (out->shares == NULL || out->matched == NULL) {
        regfree(&compiled);
        return no_memory(err);
    }
    out->share_count = records->name_count;
    for (size_t i = 0; i < records->name_count; i++) {
        out->shares[i].name = i;
        out->shares[i].is_matched = regexec(&compiled, records->names[i].text, 0, NULL, 0) == 0;
    }
    regfree(&compiled);
    add_up(records, out);
    judge(records, out);
    keep_launched(out);
    if (out->share_count > 0) {
        qsort(out->shares, out->share_count, sizeof *out->shares, by_time);
    }
    return TB_OK;
}
