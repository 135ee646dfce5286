/* Kernels in the order in which they were launched. */
#include "exec_records.h"

#include <stdlib.h>
#include <string.h>

/* When each process began: its first good stamp, for its launches are sorted after it. */
static void find_begins(const tb_exec_records *records, uint64_t *begins)
{
    for (size_t i = 0; i < records->process_count; i++) {
        begins[i] = UINT64_MAX;
    }
    for (size_t i = 0; i < records->count; i++) {
        const tb_exec_kernel *kernel = &records->kernels[i];
        if (kernel->start_ns > 0 && kernel->start_ns < begins[kernel->process]) {
            begins[kernel->process] = kernel->start_ns;
        }
    }
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Correlation ids follow the calls that launch; kernels of one graph share theirs. */
static int by_launch(const void *a, const void *b)
{
    const tb_exec_kernel *left = a, *right = b;
    int order = compare(left->process, right->process);
    order = order != 0 ? order : compare(left->correlation, right->correlation);
    order = order != 0 ? order : compare(left->start_ns, right->start_ns);
    return order != 0 ? order : compare(left->end_ns, right->end_ns);
}

static bool is_same_record(const tb_exec_kernel *a, const tb_exec_kernel *b)
{
    return a->process == b->process && a->correlation == b->correlation && a->name == b->name &&
           a->start_ns == b->start_ns && a->end_ns == b->end_ns && a->stream == b->stream &&
           a->device == b->device;
}

/* Of records that came twice the first stays. Those without stamps cannot be told from each other:
 * they stay. */
static void drop_duplicates(tb_exec_records *records)
{
    size_t kept = 0;
    for (size_t i = 0; i < records->count; i++) {
        const tb_exec_kernel *kernel = &records->kernels[i];
        if (kept > 0 && kernel->start_ns > 0 &&
            is_same_record(kernel, &records->kernels[kept - 1])) {
            records->processes[kernel->process].duplicates++;
        } else {
            records->kernels[kept++] = *kernel;
        }
    }
    records->count = kept;
}

/* Give the processes the order of their begins. */
static tb_status order_processes(tb_exec_records *records, const uint64_t *begins, size_t *places,
                                 tb_error *err)
{
    tb_exec_process *sorted = calloc(records->process_count, sizeof *sorted);
    if (sorted == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the processes of a program");
    }
    for (size_t i = 0; i < records->process_count; i++) {
        places[i] = 0;
        for (size_t j = 0; j < records->process_count; j++) {
            places[i] += begins[j] < begins[i] || (begins[j] == begins[i] && j < i);
        }
        sorted[places[i]] = records->processes[i];
    }
    free(records->processes);
    records->processes = sorted;
    return TB_OK;
}

tb_status tb_exec_records_order(tb_exec_records *records, tb_error *err)
{
    size_t processes = records->process_count;
    if (processes == 0) {
        return TB_OK;
    }
    uint64_t *begins = calloc(processes, sizeof *begins);
    size_t *places = calloc(processes, sizeof *places);
    tb_status status = begins == NULL || places == NULL
                           ? tb_fail(err, TB_ENOMEM, "no memory for the processes of a program")
                           : TB_OK;
    if (status == TB_OK) {
        find_begins(records, begins);
        status = order_processes(records, begins, places, err);
    }
    for (size_t i = 0; status == TB_OK && i < records->count; i++) {
        records->kernels[i].process = places[records->kernels[i].process];
    }
    if (status == TB_OK && records->count > 0) {
        qsort(records->kernels, records->count, sizeof *records->kernels, by_launch);
        drop_duplicates(records);
    }
    free(begins);
    free(places);
    return status;
}
