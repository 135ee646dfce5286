#include "emu_place.h"

#include "program.h"
#include "twin_image.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const void *tb_emu_place_base(const void *address)
{
    Dl_info info;
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

/* "/some/where/name.cu:17 (discriminator 2)" */
static void parse_line(const char *text, tb_emu_fault *fault)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || text[0] == '?') {
        return;
    }
    const char *name = text;
    for (const char *at = text; at < colon; at++) {
        name = *at == '/' ? at + 1 : name;
    }
    (void)snprintf(fault->file, sizeof fault->file, "%.*s", (int)(colon - name), name);
    fault->line = (int)strtol(colon + 1, NULL, 10);
}

void tb_emu_place_find(const void *pc, tb_emu_fault *fault)
{
    char offset[32];
    const void *base = tb_emu_place_base(pc);
    if (base == NULL) {
        return;
    }
    /* one byte back: the call itself, not what follows */
    (void)snprintf(offset, sizeof offset, "%#lx",
                   (unsigned long)((uintptr_t)pc - 1 - (uintptr_t)base));
    tb_scratch_folder *folder = NULL;
    tb_buffer output = {0};
    int code = 0;
    if (tb_twin_image_write(base, "twin.so", &folder)) {
        const char *const command[] = {"addr2line", "-e", "twin.so", offset, NULL};
        if (tb_program_read(command, tb_scratch_folder_path(folder), &output, &code, NULL) ==
                TB_OK &&
            code == 0 && output.data != NULL) {
            parse_line(output.data, fault);
        }
    }
    tb_buffer_free(&output);
    tb_scratch_folder_remove(folder);
}
