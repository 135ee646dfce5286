#include "twin_compile.h"

#include "program.h"
#include "scratch_folder.h"
#include "twin_cache.h"
#include "twin_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 64
#define MAX_IMAGE   ((size_t)64 << 20)
#define OBJECT      "twin.so"

static tb_status write_into(const char *folder, const char *name, const char *text, tb_error *err)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return tb_file_replace(path, text, strlen(text), err);
}

static tb_status write_headers(const char *folder, const tb_cuda_source *headers, tb_error *err)
{
    for (; headers->name != NULL; headers++) {
        size_t length = strlen(headers->name);
        if (length > 2 && strcmp(headers->name + length - 2, ".h") == 0) {
            tb_status status = write_into(folder, headers->name, headers->text, err);
            if (status != TB_OK) {
                return status;
            }
        }
    }
    return TB_OK;
}

/* What makes a twin of a source: every access a call, each as the source has it, no two in one; and
 * not linked with what usually answers these calls. */
static const char *const fixed_options[] = {"-x",
                                            "c",
                                            "-std=gnu17",
                                            "-O2",
                                            "-g1",
                                            "-fno-var-tracking",
                                            "-w",
                                            "-fPIC",
                                            "-shared",
                                            "-nostdlib",
                                            "-fsanitize=thread",
                                            "-fno-unroll-loops",
                                            "-fno-tree-vectorize",
                                            "-fno-tree-slp-vectorize",
                                            "-ffp-contract=off",
                                            "-Wl,--wrap=memcpy,--wrap=memmove,--wrap=memset"};
static const char *const gcc_options[] = {"-fno-store-merging",
                                          "-fno-tree-loop-distribute-patterns"};

static const char *compiler(void)
{
    const char *chosen = getenv("TILEBOUND_TWIN_CC");
    return chosen != NULL && chosen[0] != '\0' ? chosen : TB_TWIN_CC;
}

/* The first line of what the compiler says that is an error. */
static tb_status report(const char *name, const tb_buffer *log, tb_error *err)
{
    const char *text = log->data != NULL ? log->data : "it says nothing";
    const char *at = strstr(text, "error:");
    while (at != NULL && at > text && at[-1] != '\n') {
        at--;
    }
    at = at != NULL ? at : text;
    return tb_fail(err, TB_EINVAL, "%s does not compile: %.*s", name, (int)strcspn(at, "\n"), at);
}

/* The compiler's command line, NULL-ended. */
static tb_status list_arguments(const char *name, const char *const *options,
                                const char *arguments[MAX_OPTIONS + 1], tb_error *err)
{
    bool is_clang = strstr(compiler(), "clang") != NULL;
    int count = 0;
    arguments[count++] = compiler();
    for (size_t i = 0; i < sizeof fixed_options / sizeof *fixed_options; i++) {
        arguments[count++] = fixed_options[i];
    }
    for (size_t i = 0; !is_clang && i < sizeof gcc_options / sizeof *gcc_options; i++) {
        arguments[count++] = gcc_options[i];
    }
    for (; options != NULL && *options != NULL; options++) {
        if (strncmp(*options, "-D", 2) == 0) {
            if (count > MAX_OPTIONS - 5) {
                return tb_fail(err, TB_EINVAL, "%s: too many options", name);
            }
            arguments[count++] = *options;
        }
    }
    arguments[count++] = name;
    arguments[count++] = "-o";
    arguments[count++] = OBJECT;
    if (!is_clang) {
        arguments[count++] = "-lgcc"; /* popcount */
    }
    arguments[count] = NULL;
    return TB_OK;
}

static tb_status read_object(const char *folder, tb_file_bytes *image, tb_error *err)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, OBJECT);
    return tb_file_read(path, MAX_IMAGE, image, err);
}

static tb_status compile(const tb_twin_recipe *recipe, tb_buffer *log, tb_file_bytes *image,
                         tb_error *err)
{
    tb_scratch_folder *scratch = NULL;
    int code = 0;
    tb_status status = tb_scratch_folder_make(&scratch, err);
    if (status == TB_OK) {
        const char *folder = tb_scratch_folder_path(scratch);
        status = write_headers(folder, recipe->headers, err);
        status = status != TB_OK ? status : write_headers(folder, tb_twin_sources, err);
        status = status != TB_OK ? status : write_into(folder, recipe->name, recipe->text, err);
        status =
            status != TB_OK ? status : tb_program_run(recipe->arguments, folder, log, &code, err);
        status = status == TB_OK && code != 0 ? report(recipe->name, log, err) : status;
        status = status != TB_OK ? status : read_object(folder, image, err);
    }
    tb_scratch_folder_remove(scratch);
    return status;
}

tb_status tb_twin_compile(const char *name, const char *text, const tb_cuda_source *headers,
                          const char *const *options, tb_buffer *log, tb_file_bytes *image,
                          tb_error *err)
{
    const char *arguments[MAX_OPTIONS + 1];
    tb_twin_recipe recipe = {name, text, headers, arguments};
    tb_status status = list_arguments(name, options, arguments, err);
    if (status != TB_OK || tb_twin_cache_read(&recipe, image)) {
        return status;
    }
    status = compile(&recipe, log, image, err);
    if (status == TB_OK) {
        tb_twin_cache_write(&recipe, image);
    }
    return status;
}
