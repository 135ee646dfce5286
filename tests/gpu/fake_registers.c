#include "fake_registers.h"

#include "cuda_variant.h"
#include "golden_registers.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN 64 /* of what is no variant of ours */

static bool is_same_list(const char *const *a, const char *const *b)
{
    for (; *a != NULL && *b != NULL && strcmp(*a, *b) == 0; a++, b++) {
    }
    return *a == NULL && *b == NULL;
}

static const tb_cuda_variant *find_variant(const char *source, const char *kernel,
                                           const char *const *options)
{
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *variant = &tb_cuda_variants[i];
        if (strcmp(variant->source, source) == 0 && strcmp(variant->kernel, kernel) == 0 &&
            is_same_list(variant->options, options)) {
            return variant;
        }
    }
    return NULL;
}

/* The row of the variant for the newest architecture that is not above `sm`. */
static int registers_of(const char *variant, int sm)
{
    int best = 0, registers = UNKNOWN;
    for (const char *line = golden_registers[0].text; line != NULL && *line != '\0';) {
        char name[96];
        int of = 0, found = 0;
        if (sscanf(line, "%95[^,],%d,%*d,%*d,%d,", name, &of, &found) == 3 && of <= sm &&
            of > best && strcmp(name, variant) == 0) {
            best = of;
            registers = found;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return registers;
}

int tb_fake_registers(const char *source, const char *kernel, const char *const *options, int sm)
{
    const tb_cuda_variant *variant = find_variant(source, kernel, options);
    return variant != NULL ? registers_of(variant->name, sm) : UNKNOWN;
}
