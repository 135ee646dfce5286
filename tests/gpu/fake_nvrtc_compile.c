/* From options and text to log, cubin and PTX. */
#include "fake_image.h"
#include "fake_nvrtc.h"
#include "fake_ptx.h"
#include "fake_registers.h"
#include "twin_compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64
#define ARCHES      12

/* What the options say. */
typedef struct request {
    int sm;
    bool is_virtual; /* compute_90: PTX alone */
    bool is_verbose;
    const char *defines[OPTIONS_MAX + 1];
    int count;
} request;

const int tb_fake_arches[ARCHES] = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};

int tb_fake_arch_count(void)
{
    const char *newest = getenv("TILEBOUND_TEST_NVRTC_NEWEST");
    int last = newest != NULL && newest[0] != '\0' ? atoi(newest) : 121;
    int count = 0;
    while (count < ARCHES && tb_fake_arches[count] <= last) {
        count++;
    }
    return count;
}

static bool knows(int sm)
{
    for (int i = 0; i < tb_fake_arch_count(); i++) {
        if (tb_fake_arches[i] == sm) {
            return true;
        }
    }
    return false;
}

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Is it an option of NVRTC's that we know? What it says goes to `asked`. */
static bool take_option(const char *option, request *asked)
{
    const char *value = after(option, "--gpu-architecture=");
    if (value != NULL) {
        asked->is_virtual = after(value, "compute_") != NULL;
        const char *number = asked->is_virtual ? after(value, "compute_") : after(value, "sm_");
        asked->sm = number != NULL ? atoi(number) : 0;
        return knows(asked->sm);
    }
    if (after(option, "-D") != NULL && asked->count < OPTIONS_MAX) {
        asked->defines[asked->count++] = option;
        return true;
    }
    if (strcmp(option, "--ptxas-options=-v") == 0) {
        asked->is_verbose = true;
        return true;
    }
    return after(option, "--std=c++") != NULL || strcmp(option, "-default-device") == 0;
}

static nvrtcResult take_options(nvrtcProgram program, int count, const char *const *options,
                                request *asked)
{
    asked->sm = 75; /* NVRTC 13's own choice */
    for (int i = 0; i < count; i++) {
        if (!take_option(options[i], asked)) {
            tb_buffer_printf(&program->log,
                             "nvrtc: error: unrecognized option or invalid value: %s\n",
                             options[i]);
            return INVALID_OPTION;
        }
    }
    return SUCCESS;
}

/* The host compiler's "merge.cu:7:5: error: ..." as NVRTC writes it: "merge.cu(7): error: ...". */
static void add_complaints(nvrtcProgram program, const tb_buffer *said)
{
    int errors = 0;
    for (const char *line = said->data; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        char file[128], kind[32];
        int number = 0, text = 0;
        if (sscanf(line, "%127[^:\n]:%d:%*d: %31[a-z ]: %n", file, &number, kind, &text) == 3 &&
            text > 0) {
            errors += strstr(kind, "error") != NULL;
            tb_buffer_printf(&program->log, "%s(%d): %s: %.*s\n", file, number, kind,
                             (int)length - text, line + text);
        }
        line += length + (line[length] == '\n');
    }
    if (errors == 0) {
        tb_buffer_printf(&program->log, "nvrtc: error: %s\n", said->data != NULL ? said->data : "");
    }
    tb_buffer_printf(&program->log, "\n%d error%s detected in the compilation of \"%s\".\n", errors,
                     errors == 1 ? "" : "s", program->name);
}

/* What ptxas says under -v. */
static void add_usage(nvrtcProgram program, const tb_fake_notes *notes)
{
    tb_buffer_text(&program->log, "ptxas info    : 0 bytes gmem\n");
    for (int i = 0; i < notes->count; i++) {
        const tb_fake_kernel *kernel = &notes->kernel[i];
        tb_buffer_printf(&program->log,
                         "ptxas info    : Compiling entry function '%s' for 'sm_%d'\n"
                         "ptxas info    : Function properties for %s\n"
                         "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
                         "ptxas info    : Used %d registers, used 1 barriers\n"
                         "ptxas info    : Compile time = 72.000 ms\n",
                         kernel->name, notes->sm, kernel->name, kernel->registers);
    }
}

/* The image of an object, and its notes. */
static nvrtcResult make_image(nvrtcProgram program, const request *asked,
                              const tb_file_bytes *object)
{
    tb_fake_notes notes;
    memset(&notes, 0, sizeof notes);
    if (!tb_fake_image_kernels(object->data, object->length, &notes)) {
        tb_buffer_text(&program->log,
                       "nvrtc: error: the host compiler's object is not understood\n");
        return INTERNAL_ERROR;
    }
    notes.sm = asked->sm;
    for (int i = 0; i < notes.count; i++) {
        notes.kernel[i].registers =
            tb_fake_registers(program->name, notes.kernel[i].name, asked->defines, asked->sm);
    }
    tb_fake_image_seal(object->data, object->length, &notes);
    tb_buffer *image = &program->cubin;
    tb_buffer_append(image, object->data, object->length);
    tb_buffer_append(image, &notes, sizeof notes);
    if (image->failed || !tb_fake_ptx_write(image->data, image->length, asked->sm, &program->ptx)) {
        return OUT_OF_MEMORY;
    }
    if (asked->is_virtual) {
        tb_buffer_free(image);
    } else if (asked->is_verbose) {
        add_usage(program, &notes);
    }
    return SUCCESS;
}

static nvrtcResult compile(nvrtcProgram program, const request *asked)
{
    tb_buffer said = {0};
    tb_file_bytes object = {0};
    tb_error err;
    nvrtcResult result = SUCCESS;
    tb_status status = tb_twin_compile(program->name, program->source, program->headers,
                                       asked->defines, &said, &object, &err);
    if (status == TB_OK) {
        result = make_image(program, asked, &object);
        tb_file_release(&object);
    } else if (status == TB_EINVAL) {
        add_complaints(program, &said);
        result = COMPILATION;
    } else {
        tb_buffer_printf(&program->log, "nvrtc: error: %s\n", err.message);
        result = status == TB_ENOMEM ? OUT_OF_MEMORY : INTERNAL_ERROR;
    }
    tb_buffer_free(&said);
    return result;
}

nvrtcResult tb_fake_nvrtc_compile(nvrtcProgram program, int option_count,
                                  const char *const *options)
{
    request asked = {0};
    nvrtcResult result = take_options(program, option_count, options, &asked);
    return result == SUCCESS ? compile(program, &asked) : result;
}
