#include "emu_fiber.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && !defined(TB_EMU_UCONTEXT)
#define TB_EMU_SWITCH_BY_HAND
#elif defined(__aarch64__) && !defined(TB_EMU_UCONTEXT)
#define TB_EMU_SWITCH_BY_HAND
#endif

#ifdef TB_EMU_HAS_ASAN
void __sanitizer_start_switch_fiber(void **save, const void *stack, size_t bytes);
void __sanitizer_finish_switch_fiber(void *saved, const void **stack, size_t *bytes);
void __asan_unpoison_memory_region(void const volatile *at, size_t bytes);
#endif

#ifdef TB_EMU_SWITCH_BY_HAND

/* Saves what a call must keep, and the stack pointer in *from; takes those of `to`. A function call
 * from one single place: the processor's stack of return addresses stays right, because every fiber
 * stopped in that same place. */
void tb_emu_switch(void **from, void *to);

#ifdef __x86_64__
__asm__(".text\n"
        ".globl tb_emu_switch\n"
        ".type tb_emu_switch,@function\n"
        "tb_emu_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size tb_emu_switch,.-tb_emu_switch\n");

/* Six registers, then where to return to: at its entry the stack is 8 off a multiple of 16. */
#define SAVED_WORDS 8
#define ENTRY_WORD  6
#else
__asm__(".text\n"
        ".globl tb_emu_switch\n"
        ".type tb_emu_switch,%function\n"
        "tb_emu_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size tb_emu_switch,.-tb_emu_switch\n");

#define SAVED_WORDS 20
#define ENTRY_WORD  11 /* x30 */
#endif

static int make_context(tb_emu_fiber *fiber, size_t colour, void (*entry)(void))
{
    unsigned char *top = (unsigned char *)fiber->stack + fiber->bytes - colour;
    void *words[SAVED_WORDS] = {0};
    memcpy(&words[ENTRY_WORD], &entry, sizeof entry);
    fiber->sp = memcpy(top - sizeof words, words, sizeof words);
    return 1;
}

static void switch_context(tb_emu_fiber *from, const tb_emu_fiber *to)
{
    tb_emu_switch(&from->sp, to->sp);
}

void tb_emu_fiber_free(tb_emu_fiber *fiber)
{
    fiber->sp = NULL;
}

#else

#include <stdlib.h>
#include <ucontext.h>

static int make_context(tb_emu_fiber *fiber, size_t colour, void (*entry)(void))
{
    ucontext_t *context = fiber->sp != NULL ? fiber->sp : malloc(sizeof *context);
    if (context == NULL || getcontext(context) != 0) {
        free(context);
        fiber->sp = NULL;
        return 0;
    }
    context->uc_stack.ss_sp = fiber->stack;
    context->uc_stack.ss_size = fiber->bytes - colour;
    context->uc_link = NULL;
    makecontext(context, entry, 0);
    fiber->sp = context;
    return 1;
}

/* A fiber without a context is the thread's own: its context lives here while it waits. */
static void switch_context(tb_emu_fiber *from, const tb_emu_fiber *to)
{
    ucontext_t own;
    int is_home = from->sp == NULL;
    if (is_home) {
        from->sp = &own;
    }
    (void)swapcontext(from->sp, to->sp);
    if (is_home) {
        from->sp = NULL;
    }
}

void tb_emu_fiber_free(tb_emu_fiber *fiber)
{
    free(fiber->sp);
    fiber->sp = NULL;
}

#endif

int tb_emu_fiber_prepare(tb_emu_fiber *fiber, void *stack, size_t bytes, size_t colour,
                         void (*entry)(void))
{
    fiber->stack = stack;
    fiber->bytes = bytes;
    fiber->sanitizer = NULL;
#ifdef TB_EMU_HAS_ASAN
    __asan_unpoison_memory_region(stack, bytes); /* frames that a fault left behind */
#endif
    return make_context(fiber, colour, entry);
}

void tb_emu_fiber_switch(tb_emu_fiber *from, tb_emu_fiber *to)
{
#ifdef TB_EMU_HAS_ASAN
    __sanitizer_start_switch_fiber(&from->sanitizer, to->stack, to->bytes);
#endif
    switch_context(from, to);
#ifdef TB_EMU_HAS_ASAN
    __sanitizer_finish_switch_fiber(from->sanitizer, NULL, NULL);
#endif
}

void tb_emu_fiber_begun(tb_emu_fiber *home)
{
#ifdef TB_EMU_HAS_ASAN
    const void *stack;
    size_t bytes;
    __sanitizer_finish_switch_fiber(NULL, &stack, &bytes);
    if (home->stack == NULL) { /* the first fiber comes from there */
        memcpy(&home->stack, &stack, sizeof stack);
        home->bytes = bytes;
    }
#else
    (void)home;
#endif
}
