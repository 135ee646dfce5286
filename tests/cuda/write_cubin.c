/* Compiles a variant by NVRTC and writes its cubin; for scripts/sass-mix.
 *
 *   write_cubin --list                 every variant and architecture
 *   write_cubin VARIANT SM FILE        prints what is known of it, "key value" a line */
#include "cuda_variant.h"
#include "nvrtc.h"

#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_SKIPPED 77

static int list(void)
{
    for (int v = 0; v < tb_cuda_variant_count; v++) {
        for (int a = 0; a < TB_CUDA_ARCH_COUNT; a++) {
            if ((tb_cuda_variants[v].arches & 1U << a) != 0) {
                (void)printf("%s %d\n", tb_cuda_variants[v].name, tb_cuda_arch_sm[a]);
            }
        }
    }
    return EXIT_SUCCESS;
}

static void print_facts(const tb_cuda_variant *v, const tb_cubin *cubin)
{
    (void)printf("kernel %s\nthreads %d\nq_tile %d\nkv_tile %d\ndim %d\ndim_value %d\n", v->kernel,
                 v->threads, v->q_tile, v->kv_tile, v->dim, v->dim_value);
    (void)printf("registers %lld\nshared_bytes %lld\nspill_bytes %lld\ncompiler %s\n",
                 (long long)cubin->usage.registers,
                 (long long)(v->shared_bytes + cubin->usage.static_shared_bytes),
                 (long long)(cubin->usage.spill_store_bytes + cubin->usage.spill_load_bytes),
                 cubin->compiler);
}

static tb_status write_cubin(const char *name, int sm, const char *path, tb_error *err)
{
    tb_nvrtc *nvrtc = NULL;
    tb_cubin cubin = {0};
    const tb_cuda_variant *variant = tb_cuda_variant_find(name);
    if (variant == NULL) {
        return tb_fail(err, TB_EINVAL, "there is no variant %s; --list lists them", name);
    }
    tb_status status = tb_nvrtc_open(&nvrtc, err);
    if (status == TB_OK) {
        status = tb_nvrtc_compile(nvrtc, variant, sm, &cubin, err);
    }
    if (status == TB_OK) {
        status = tb_file_replace(path, cubin.data, cubin.bytes, err);
    }
    if (status == TB_OK) {
        print_facts(variant, &cubin);
    }
    tb_cubin_release(&cubin);
    tb_nvrtc_close(nvrtc);
    return status;
}

int main(int argc, char **argv)
{
    tb_error err;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        return list();
    }
    if (argc != 4) {
        (void)fprintf(stderr, "usage: write_cubin --list | VARIANT SM FILE\n");
        return 2;
    }
    tb_status status = write_cubin(argv[1], atoi(argv[2]), argv[3], &err);
    if (status != TB_OK) {
        (void)fprintf(stderr, "write_cubin: %s\n", err.message);
    }
    return status == TB_OK ? EXIT_SUCCESS : status == TB_EUNAVAILABLE ? EXIT_SKIPPED : EXIT_FAILURE;
}
