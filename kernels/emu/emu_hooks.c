/* What -fsanitize=thread makes of plain loads and stores: calls that the twins make before each.
 * The names and arguments are those of LLVM's tsan_interface.h, which gcc uses too. */
#include "emu_access.h"

#include <string.h>

/* Twins alone call these; no header of the compiler declares them. */
#define TB_EMU_HOOK(name, bytes, is_write, is_natural)                                             \
    void name(const void *address);                                                                \
    void name(const void *address)                                                                 \
    {                                                                                              \
        hook(address, bytes, is_write, is_natural, __builtin_return_address(0));                   \
    }

static _Noreturn void raise_misaligned(tb_emu_worker *worker, uintptr_t address, size_t bytes,
                                       bool is_write, tb_emu_place place)
{
    tb_emu_raise(worker, TB_EMU_MISALIGNED, place,
                 "%s %zu bytes at an address that is %zu more than a multiple",
                 is_write ? "writes" : "reads", bytes, (size_t)(address % bytes));
}

/* is_natural: the compiler takes the address for a multiple of the size, as a GPU does. */
static inline void hook(const void *at, size_t bytes, bool is_write, bool is_natural,
                        const void *pc)
{
    tb_emu_worker *worker = tb_emu_current;
    uintptr_t address = (uintptr_t)at;
    if (worker == NULL || bytes == 0 || tb_emu_is_own_stack(worker, address, bytes)) {
        return;
    }
    tb_emu_place place = {.pc = pc};
    if (is_natural && address % bytes != 0) {
        raise_misaligned(worker, address, bytes, is_write, place);
    }
    tb_emu_touch(worker, address, bytes, is_write, place);
}

#define TB_EMU_HOOKS(bytes)                                                                        \
    TB_EMU_HOOK(__tsan_read##bytes, bytes, false, true)                                            \
    TB_EMU_HOOK(__tsan_write##bytes, bytes, true, true)                                            \
    TB_EMU_HOOK(__tsan_unaligned_read##bytes, bytes, false, false)                                 \
    TB_EMU_HOOK(__tsan_unaligned_write##bytes, bytes, true, false)                                 \
    TB_EMU_HOOK(__tsan_volatile_read##bytes, bytes, false, true)                                   \
    TB_EMU_HOOK(__tsan_volatile_write##bytes, bytes, true, true)                                   \
    TB_EMU_HOOK(__tsan_unaligned_volatile_read##bytes, bytes, false, false)                        \
    TB_EMU_HOOK(__tsan_unaligned_volatile_write##bytes, bytes, true, false)

TB_EMU_HOOKS(1)
TB_EMU_HOOKS(2)
TB_EMU_HOOKS(4)
TB_EMU_HOOKS(8)
TB_EMU_HOOKS(16)

/* Structures. */
void __tsan_read_range(const void *address, size_t bytes);
void __tsan_read_range(const void *address, size_t bytes)
{
    hook(address, bytes, false, false, __builtin_return_address(0));
}

void __tsan_write_range(const void *address, size_t bytes);
void __tsan_write_range(const void *address, size_t bytes)
{
    hook(address, bytes, true, false, __builtin_return_address(0));
}

/* Of functions and of the object itself nothing needs to be known. */
void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(const void *caller);
void __tsan_func_entry(const void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

/* Copies that a compiler made calls of: clang names them so, and the linker (--wrap) for gcc. */
#define TB_EMU_COPY(name, function)                                                                \
    void *name(void *to, const void *from, size_t bytes);                                          \
    void *name(void *to, const void *from, size_t bytes)                                           \
    {                                                                                              \
        hook(from, bytes, false, false, __builtin_return_address(0));                              \
        hook(to, bytes, true, false, __builtin_return_address(0));                                 \
        return function(to, from, bytes);                                                          \
    }

#define TB_EMU_FILL(name)                                                                          \
    void *name(void *to, int value, size_t bytes);                                                 \
    void *name(void *to, int value, size_t bytes)                                                  \
    {                                                                                              \
        hook(to, bytes, true, false, __builtin_return_address(0));                                 \
        return memset(to, value, bytes);                                                           \
    }

TB_EMU_COPY(__tsan_memcpy, memcpy)
TB_EMU_COPY(__tsan_memmove, memmove)
TB_EMU_FILL(__tsan_memset)
TB_EMU_COPY(__wrap_memcpy, memcpy)
TB_EMU_COPY(__wrap_memmove, memmove)
TB_EMU_FILL(__wrap_memset)
