/* Names of kernels: C++'s mangling undone, and cut short for people. */
#ifndef TB_KERNEL_NAME_H
#define TB_KERNEL_NAME_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * A name as a C++ programmer would write it. The C++ library of the system does it, where there is
 * one: we are C, and link none.
 *
 * @param[out] out           of the arena; `mangled` itself where it is no mangled name, or nobody
 *                           can say
 * @param[out] is_demangled  set where a C++ library is here, else left as it is
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_kernel_demangle(const char *mangled, tb_arena *arena, const char **out,
                                          bool *is_demangled, tb_error *err);

/** A demangled name for a table: no return type, no arguments, what templates are made of as <...>;
 *  cut to fit. "void a::b<(int)3>(float*)" -> "a::b<...>". */
void tb_kernel_short_name(const char *text, char *out, size_t capacity);

#endif
