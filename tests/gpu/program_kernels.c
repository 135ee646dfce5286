/* A CUDA program such as measure --exec meets: it launches kernels, knows nothing of tilebound's
 * collector, and may end badly.
 *
 *   program_kernels [OPTION...] N...
 *
 * For each N, a problem: one launch of `merge`, then N of `microbench` on a grid of as many CTAs as
 * the problem's place, counted from 1.
 *
 *   --pairs      instead N times `microbench` and `merge`
 *   --nothing    CUDA is started, and nothing is launched
 *   --crash      ends by a signal, a while after its last launch
 *   --quit       ends by _exit(), which runs no handlers, at once
 *   --code N     ends with exit code N
 *   --fork       a child that used no CUDA of its own ends first, by exit()
 *   --profiler   holds CUPTI for itself before CUDA is started
 *   --late-profiler  tries to, after that: its failure is the program's
 */
#include "driver.h"
#include "merge_params.h"
#include "microbench_params.h"
#include "nvrtc.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROBLEMS_MAX     16
#define CODE_OF_FAILURE  9
#define CODE_OF_PROFILER 7

typedef struct options {
    bool pairs, nothing, crash, quit, forks, profiler, late_profiler;
    int code;
    int launches[PROBLEMS_MAX];
    int problems;
} options;

static tb_driver driver;
static tb_cu_device device;
static tb_cu_module modules[2];
static tb_cu_function microbench, merge;
static tb_cu_address memory;

static void must(tb_cu_result result, const char *call)
{
    tb_error err;
    if (result != 0) {
        (void)tb_driver_failed(&driver, call, result, &err);
        (void)fprintf(stderr, "program: %s\n", err.message);
        exit(CODE_OF_FAILURE);
    }
}

static void must_be_ok(tb_status status, const tb_error *err)
{
    if (status != TB_OK) {
        (void)fprintf(stderr, "program: %s\n", err->message);
        exit(CODE_OF_FAILURE);
    }
}

static tb_cu_function load(const tb_nvrtc *nvrtc, const char *name, int sm, tb_cu_module *module)
{
    const tb_cuda_variant *variant = tb_cuda_variant_find(name);
    tb_cubin cubin = {0};
    tb_error err;
    tb_cu_function function = NULL;
    must_be_ok(tb_nvrtc_compile(nvrtc, variant, sm, &cubin, &err), &err);
    must(driver.calls.module_load(module, cubin.data), "cuModuleLoadData");
    must(driver.calls.module_function(&function, *module, variant->kernel), "cuModuleGetFunction");
    tb_cubin_release(&cubin);
    return function;
}

static void start(void)
{
    tb_cu_context context = NULL;
    tb_nvrtc *nvrtc = NULL;
    tb_error err;
    int major = 0, minor = 0;
    must(driver.calls.init(0), "cuInit");
    must(driver.calls.device_get(&device, 0), "cuDeviceGet");
    must(driver.calls.context_retain(&context, device), "cuDevicePrimaryCtxRetain");
    must(driver.calls.context_set(context), "cuCtxSetCurrent");
    must(driver.calls.device_attribute(&major, TB_CU_CAPABILITY_MAJOR, device), "attribute");
    must(driver.calls.device_attribute(&minor, TB_CU_CAPABILITY_MINOR, device), "attribute");
    must_be_ok(tb_nvrtc_open(&nvrtc, &err), &err);
    microbench = load(nvrtc, "microbench", 10 * major + minor, &modules[0]);
    merge = load(nvrtc, "merge_bf16", 10 * major + minor, &modules[1]);
    tb_nvrtc_close(nvrtc);
    must(driver.calls.alloc(&memory, PROBLEMS_MAX * TB_MICROBENCH_THREADS * sizeof(float)),
         "cuMemAlloc");
}

static void end(void)
{
    must(driver.calls.free(memory), "cuMemFree");
    must(driver.calls.module_unload(modules[0]), "cuModuleUnload");
    must(driver.calls.module_unload(modules[1]), "cuModuleUnload");
    must(driver.calls.context_release(device), "cuDevicePrimaryCtxRelease");
}

static void launch(tb_cu_function function, int ctas, unsigned threads, unsigned shared,
                   void *params)
{
    const tb_cu_launch_config config = {
        .grid = {(unsigned)ctas, 1, 1}, .cta = {threads, 1, 1}, .shared_bytes = shared};
    void *pointers[] = {params};
    must(driver.calls.launch(&config, function, pointers, NULL), "cuLaunchKernelEx");
}

static void launch_merge(void)
{
    tb_merge_params params = {.dim = 64}; /* of no rows */
    launch(merge, 1, TB_MERGE_THREADS, 0, &params);
}

static void launch_microbench(int ctas)
{
    tb_microbench_params params = {.out = (void *)(uintptr_t)memory,
                                   .kind = TB_MICROBENCH_FMA,
                                   .turns = 1,
                                   .a = 0.5f,
                                   .b = 1.0f};
    launch(microbench, ctas, TB_MICROBENCH_THREADS, TB_MICROBENCH_SHARED_BYTES, &params);
}

static void launch_all(const options *of)
{
    for (int i = 0; i < of->problems; i++) {
        if (!of->pairs) {
            launch_merge();
        }
        for (int n = 0; n < of->launches[i]; n++) {
            launch_microbench(i + 1);
            if (of->pairs) {
                launch_merge();
            }
        }
    }
    must(driver.calls.synchronize(), "cuCtxSynchronize");
}

/* As profilers do: CUPTI has one place for one of them. */
static bool hold_cupti(void)
{
    static void *subscriber;
    int (*subscribe)(void **, void *, void *) = NULL;
    void *library = dlopen("libcupti.so.13", RTLD_NOW);
    void *symbol = library != NULL ? dlsym(library, "cuptiSubscribe") : NULL;
    memcpy(&subscribe, &symbol, sizeof subscribe);
    return subscribe != NULL && subscribe(&subscriber, NULL, NULL) == 0;
}

static void fork_a_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        exit(0);
    }
    (void)waitpid(child, NULL, 0);
}

static void parse(int count, char **words, options *out)
{
    const struct {
        const char *name;
        bool *out;
    } flags[] = {{"--pairs", &out->pairs},
                 {"--nothing", &out->nothing},
                 {"--crash", &out->crash},
                 {"--quit", &out->quit},
                 {"--fork", &out->forks},
                 {"--profiler", &out->profiler},
                 {"--late-profiler", &out->late_profiler}};
    for (int i = 1; i < count; i++) {
        bool is_flag = false;
        for (size_t f = 0; f < sizeof flags / sizeof *flags; f++) {
            is_flag = is_flag || strcmp(words[i], flags[f].name) == 0;
            *flags[f].out = *flags[f].out || strcmp(words[i], flags[f].name) == 0;
        }
        if (strcmp(words[i], "--code") == 0 && i + 1 < count) {
            out->code = atoi(words[++i]);
        } else if (!is_flag && out->problems < PROBLEMS_MAX) {
            out->launches[out->problems++] = atoi(words[i]);
        }
    }
}

/* The collector writes down what it has every half second. */
static void linger(void)
{
    const struct timespec while_ns = {.tv_sec = 1, .tv_nsec = 200000000};
    (void)nanosleep(&while_ns, NULL);
}

int main(int count, char **words)
{
    options of = {0};
    tb_error err;
    parse(count, words, &of);
    if (of.profiler && !hold_cupti()) {
        return CODE_OF_PROFILER;
    }
    must_be_ok(tb_driver_open(&driver, &err), &err);
    start();
    if (of.late_profiler && !hold_cupti()) {
        end();
        (void)fprintf(stderr, "program: CUPTI is held by another tool\n");
        return CODE_OF_PROFILER;
    }
    (void)printf("program: launching\n");
    (void)fflush(stdout);
    if (!of.nothing) {
        launch_all(&of);
    }
    if (of.forks) {
        fork_a_child();
    }
    if (of.crash) {
        linger();
        abort();
    }
    if (of.quit) {
        _exit(0);
    }
    end();
    return of.code;
}
