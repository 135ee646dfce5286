#include "small_kernel.h"

#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tb_small tb_small_open(const char *name, const char *const *options)
{
    tb_small small = {.name = name};
    char path[512];
    tb_error err;
    (void)snprintf(path, sizeof path, "%s/tests/emu/%s", TB_SOURCE_DIR, name);
    small.text = tb_test_read(path, NULL);
    tb_assert_ok(tb_twin_create_text(name, small.text, options, &small.twin, &err), &err);
    tb_assert_ok(tb_emu_memory_create(&small.memory, &err), &err);
    return small;
}

void tb_small_close(tb_small *small)
{
    tb_emu_memory_destroy(small->memory);
    tb_twin_destroy(small->twin);
    free(small->text);
    *small = (tb_small){0};
}

tb_emu_launch tb_small_launch(const tb_small *small, const char *kernel, const void *params,
                              size_t params_bytes)
{
    tb_emu_launch launch = {.kernel = kernel,
                            .entry = tb_twin_entry(small->twin, kernel),
                            .grid = {1, 1, 1},
                            .threads = 32,
                            .shared_bytes = 4096,
                            .params = params,
                            .params_bytes = params_bytes,
                            .host_threads = 1};
    if (launch.entry == NULL) {
        fail_msg("%s has no kernel %s", small->name, kernel);
    }
    return launch;
}

tb_emu_counters tb_small_run(const tb_small *small, const tb_emu_launch *launch)
{
    tb_emu_counters counters;
    tb_error err;
    tb_assert_ok(tb_emu_run(small->memory, launch, &counters, NULL, &err), &err);
    return counters;
}

void *tb_small_buffer(const tb_small *small, const char *name, int64_t bytes, const void *data)
{
    void *buffer = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_alloc(small->memory, name, bytes, &buffer, &err), &err);
    if (data != NULL) {
        tb_assert_ok(tb_emu_upload(small->memory, buffer, data, bytes, &err), &err);
    }
    return buffer;
}

void tb_small_download(const tb_small *small, const void *buffer, void *data, int64_t bytes)
{
    tb_error err;
    tb_assert_ok(tb_emu_download(small->memory, buffer, data, bytes, &err), &err);
}

int tb_small_line(const tb_small *small, const char *part)
{
    const char *at = strstr(small->text, part);
    if (at == NULL || strstr(at + 1, part) != NULL) {
        fail_msg("%s must have '%s' in it once", small->name, part);
        return 0;
    }
    int line = 1;
    for (const char *c = small->text; c < at; c++) {
        line += *c == '\n';
    }
    return line;
}
