/* Every variant of every kernel, compiled by NVRTC for every architecture that it names, from the
 * embedded texts alone: nothing is spilled, nothing is warned of, and registers and shared memory
 * are those of the golden table, which the occupancy model reads. TB_UPDATE_GOLDEN=1 writes it
 * anew.
 *
 * Registers are a compiler's own: they are compared where it is the one that the table names. */
#include "cuda_variant.h"
#include "golden_table.h"
#include "nvrtc_open.h"

#include "test_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE        "cuda_variants.csv"
#define REGISTERS    65536 /* of an SM of every architecture here */
#define THREADS      2
#define SANITIZED_OF 20 /* sanitizers: one compile of so many, spread over the table */

typedef struct compile_job {
    const tb_cuda_variant *variant;
    int arch; /* bit */
    tb_status status;
    tb_error err;
    tb_ptxas_usage usage;
    char compiler[32];
    char warning[256];
} compile_job;

typedef struct jobs {
    const tb_nvrtc *nvrtc;
    compile_job *list;
    int count;
    atomic_int next;
} jobs;

static void compile(const tb_nvrtc *nvrtc, compile_job *job)
{
    tb_cubin cubin = {0};
    job->status =
        tb_nvrtc_compile(nvrtc, job->variant, tb_cuda_arch_sm[job->arch], &cubin, &job->err);
    if (job->status != TB_OK) {
        return;
    }
    const char *warning = tb_ptxas_log_warning(cubin.log);
    job->usage = cubin.usage;
    (void)snprintf(job->compiler, sizeof job->compiler, "%s", cubin.compiler);
    (void)snprintf(job->warning, sizeof job->warning, "%s", warning != NULL ? warning : "");
    tb_cubin_release(&cubin);
}

static void *work(void *argument)
{
    jobs *all = argument;
    for (int i = atomic_fetch_add(&all->next, 1); i < all->count;
         i = atomic_fetch_add(&all->next, 1)) {
        compile(all->nvrtc, &all->list[i]);
    }
    return NULL;
}

static void compile_all(jobs *all)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, all), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

/* Every variant for every architecture that it names and NVRTC knows. */
static jobs all_jobs(const tb_nvrtc *nvrtc)
{
    jobs all = {.nvrtc = nvrtc};
    bool is_part = tb_test_cases(SANITIZED_OF) < SANITIZED_OF && !tb_golden_is_update();
    int every = is_part ? SANITIZED_OF : 1, seen = 0;
    all.list = calloc((size_t)(tb_cuda_variant_count * TB_CUDA_ARCH_COUNT), sizeof *all.list);
    assert_non_null(all.list);
    for (int v = 0; v < tb_cuda_variant_count; v++) {
        for (int a = 0; a < TB_CUDA_ARCH_COUNT; a++) {
            bool is_named = (tb_cuda_variants[v].arches & 1U << a) != 0;
            if (is_named && tb_nvrtc_knows(nvrtc, tb_cuda_arch_sm[a]) && seen++ % every == 0) {
                all.list[all.count++] = (compile_job){.variant = &tb_cuda_variants[v], .arch = a};
            }
        }
    }
    return all;
}

/* Says what is wrong with a compiled variant; false when something is. */
static bool is_sound(const compile_job *job)
{
    const tb_cuda_variant *v = job->variant;
    const tb_ptxas_usage *u = &job->usage;
    int sm = tb_cuda_arch_sm[job->arch];
    int64_t all_registers = u->registers * v->threads * v->min_ctas;
    int64_t shared = v->shared_bytes + u->static_shared_bytes;
    bool sound = true;
    if (job->status != TB_OK) {
        print_error("%s, sm_%d: %s\n", v->name, sm, job->err.message);
        return false;
    }
    if (u->spill_store_bytes != 0 || u->spill_load_bytes != 0 || u->stack_bytes != 0) {
        print_error("%s, sm_%d: %lld bytes of spill stores, %lld of spill loads, %lld of stack\n",
                    v->name, sm, (long long)u->spill_store_bytes, (long long)u->spill_load_bytes,
                    (long long)u->stack_bytes);
        sound = false;
    }
    if (job->warning[0] != '\0') {
        print_error("%s, sm_%d: %s\n", v->name, sm, job->warning);
        sound = false;
    }
    if (all_registers > REGISTERS) {
        print_error("%s, sm_%d: %d CTAs of %d threads of %lld registers pass %d\n", v->name, sm,
                    v->min_ctas, v->threads, (long long)u->registers, REGISTERS);
        sound = false;
    }
    if (shared > tb_cuda_arch_shared_bytes[job->arch]) {
        print_error("%s, sm_%d: %lld bytes of shared memory\n", v->name, sm, (long long)shared);
        sound = false;
    }
    return sound;
}

static int row_of(const tb_golden_table *table, const compile_job *job)
{
    for (int row = 0; row < table->rows; row++) {
        if (strcmp(tb_golden_cell(table, row, "variant"), job->variant->name) == 0 &&
            tb_golden_integer(table, row, "sm") == tb_cuda_arch_sm[job->arch]) {
            return row;
        }
    }
    return -1;
}

/* As the table says it, where it is this compiler's; *compared counts. */
static bool is_as_the_table_says(const tb_golden_table *table, const compile_job *job,
                                 int *compared)
{
    int row = row_of(table, job), sm = tb_cuda_arch_sm[job->arch];
    if (row < 0) {
        print_error("%s, sm_%d is not in " TABLE "\n", job->variant->name, sm);
        return false;
    }
    if (strcmp(tb_golden_cell(table, row, "compiler"), job->compiler) != 0) {
        return true;
    }
    ++*compared;
    if (tb_golden_integer(table, row, "registers") == job->usage.registers &&
        tb_golden_integer(table, row, "static_shared_bytes") == job->usage.static_shared_bytes) {
        return true;
    }
    print_error("%s, sm_%d: %lld registers, %lld bytes of static shared memory; the table says "
                "%s and %s\n",
                job->variant->name, sm, (long long)job->usage.registers,
                (long long)job->usage.static_shared_bytes, tb_golden_cell(table, row, "registers"),
                tb_golden_cell(table, row, "static_shared_bytes"));
    return false;
}

static void compare(const jobs *all)
{
    tb_golden_table *table = tb_golden_read(TABLE);
    int differ = 0, compared = 0;
    for (int i = 0; i < all->count; i++) {
        differ += !is_as_the_table_says(table, &all->list[i], &compared);
    }
    print_message("%d of %d compared with the golden table, which is of compiler %s\n", compared,
                  all->count, tb_golden_cell(table, 0, "compiler"));
    tb_golden_free(table);
    if (differ > 0) {
        fail_msg("%d differ from the golden table; TB_UPDATE_GOLDEN=1 writes it anew", differ);
    }
}

static void write_table(const jobs *all)
{
    FILE *file = fopen(TB_SOURCE_DIR "/tests/golden/" TABLE, "w");
    assert_non_null(file);
    (void)fprintf(file, "variant,sm,threads,shared_bytes,registers,static_shared_bytes,compiler\n");
    for (int i = 0; i < all->count; i++) {
        const compile_job *j = &all->list[i];
        (void)fprintf(file, "%s,%d,%d,%lld,%lld,%lld,%s\n", j->variant->name,
                      tb_cuda_arch_sm[j->arch], j->variant->threads,
                      (long long)j->variant->shared_bytes, (long long)j->usage.registers,
                      (long long)j->usage.static_shared_bytes, j->compiler);
    }
    assert_int_equal(fclose(file), 0);
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    assert_int_equal(clock_gettime(clock, &now), 0);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void variants__compile_for_every_architecture_that_they_name(void **state)
{
    (void)state;
    tb_nvrtc *nvrtc = tb_test_nvrtc();
    double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    jobs all = all_jobs(nvrtc);
    compile_all(&all);
    int unsound = 0;
    for (int i = 0; i < all.count; i++) {
        unsound += !is_sound(&all.list[i]);
    }
    print_message("%s: %d compiles of %d variants in %.1f s, %.1f s of processor time\n",
                  tb_nvrtc_path(nvrtc), all.count, tb_cuda_variant_count,
                  seconds(CLOCK_MONOTONIC) - began, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    assert_true(all.count > 0);
    if (unsound > 0) {
        fail_msg("%d of %d compiles are not as they must be", unsound, all.count);
    }
    if (tb_golden_is_update()) {
        write_table(&all);
    } else {
        compare(&all);
    }
    free(all.list);
    tb_nvrtc_close(nvrtc);
}

TB_TESTS(cmocka_unit_test(variants__compile_for_every_architecture_that_they_name));
