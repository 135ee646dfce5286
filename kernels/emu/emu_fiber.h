/* Fibers: stacks that one host thread switches between. */
#ifndef TB_EMU_FIBER_H
#define TB_EMU_FIBER_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define TB_EMU_HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TB_EMU_HAS_ASAN
#endif
#endif

typedef struct tb_emu_fiber {
    void *sp;        /* where it stopped; its context where switching is the system's */
    void *stack;     /* lowest byte */
    size_t bytes;    /* of the stack */
    void *sanitizer; /* what AddressSanitizer keeps of it while others run */
} tb_emu_fiber;

/** A fiber that will begin in entry(), which must never return. It begins `colour` bytes (a
 *  multiple of 64) below the top, so that equal frames of many fibers do not meet in one cache set.
 *  False when memory is exhausted. */
int tb_emu_fiber_prepare(tb_emu_fiber *fiber, void *stack, size_t bytes, size_t colour,
                         void (*entry)(void));

/** Stop here as `from` and go on as `to`. Returns when something switches to `from`. */
void tb_emu_fiber_switch(tb_emu_fiber *from, tb_emu_fiber *to);

/** What a fiber calls first. `home`: the fiber that the host thread began as. */
void tb_emu_fiber_begun(tb_emu_fiber *home);

/** Free what prepare() allocated. */
void tb_emu_fiber_free(tb_emu_fiber *fiber);

#endif
