#include "cpu_isa.h"

#include "cpu_tables.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_cpu_isa_names[TB_CPU_ISA_COUNT] = {"avx512", "avx2", "neon", "portable"};

/* TB_CPU_HAS_...: the files that this build compiles (CMakeLists.txt). */
const tb_cpu_isa *const tb_cpu_isas[TB_CPU_ISA_COUNT] = {
#ifdef TB_CPU_HAS_X86
    &tb_cpu_avx512,
    &tb_cpu_avx2,
    NULL,
#elif defined(TB_CPU_HAS_NEON)
    NULL,
    NULL,
    &tb_cpu_neon,
#else
    NULL,
    NULL,
    NULL,
#endif
    &tb_cpu_portable,
};

static tb_status forced(const char *name, const tb_cpu_isa **out, tb_error *err)
{
    for (int i = 0; i < TB_CPU_ISA_COUNT; i++) {
        const tb_cpu_isa *isa = tb_cpu_isas[i];
        if (strcmp(name, tb_cpu_isa_names[i]) != 0) {
            continue;
        }
        if (isa == NULL) {
            return tb_fail(err, TB_EUNAVAILABLE,
                           "instruction set %s: not of this kind of processor", name);
        }
        if (!isa->is_here()) {
            return tb_fail(err, TB_EUNAVAILABLE, "instruction set %s: this processor lacks %s",
                           name, isa->needs);
        }
        *out = isa;
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   "no instruction set '%s'; there are avx512, avx2, neon and portable", name);
}

tb_status tb_cpu_isa_choose(const char *name, const tb_cpu_isa **out, tb_error *err)
{
    if (name != NULL) {
        return forced(name, out, err);
    }
    for (int i = 0; i < TB_CPU_ISA_COUNT; i++) {
        if (tb_cpu_isas[i] != NULL && tb_cpu_isas[i]->is_here()) {
            *out = tb_cpu_isas[i];
            return TB_OK;
        }
    }
    return tb_fail(err, TB_EINTERNAL, "internal check failed: portable kernels are always here");
}

tb_status tb_cpu_isa_here(const tb_cpu_isa **out, tb_error *err)
{
    const char *name = getenv("TILEBOUND_CPU_ISA");
    return tb_cpu_isa_choose(name != NULL && *name != '\0' ? name : NULL, out, err);
}

int64_t tb_cpu_padded_rows(const tb_cpu_isa *isa, int64_t rows)
{
    int64_t padded = 0;
    while (padded < rows) {
        padded += tb_cpu_rows_of(isa->rows, rows - padded);
    }
    return padded;
}
