#include "cuda_sources.h"

#include <string.h>

const char *tb_cuda_source_find(const char *name)
{
    for (const tb_cuda_source *source = tb_cuda_sources; source->name != NULL; source++) {
        if (strcmp(source->name, name) == 0) {
            return source->text;
        }
    }
    return NULL;
}
