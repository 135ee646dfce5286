/* Allocations that fail on demand, for programs linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc: the linker renames their calls to __wrap_, and
 * the true functions to __real_. */
#ifndef TB_FAILING_ALLOC_H
#define TB_FAILING_ALLOC_H

#include "status.h"

#include <stddef.h>

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

/** Something that allocates, and frees all of it again. */
typedef tb_status tb_test_work(tb_error *err);

/** Run `work` with the first allocation failing, then the second, ... until none is left to fail:
 *  TB_ENOMEM each time, then TB_OK. `what` names it in the output. */
void tb_test_fail_each(const char *what, tb_test_work *work);

#endif
