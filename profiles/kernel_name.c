#include "kernel_name.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_MANGLED 65536
#define CPP_LIBRARY     "libstdc++.so.6"

/* abi::__cxa_demangle of the Itanium C++ ABI; what it gives is malloc'd. */
typedef char *demangle_fn(const char *mangled, char *buffer, size_t *length, int *status);

static demangle_fn *find_demangler(void)
{
    demangle_fn *found = NULL;
    void *library = dlopen(CPP_LIBRARY, RTLD_LAZY | RTLD_LOCAL); /* open for good */
    void *symbol = library != NULL ? dlsym(library, "__cxa_demangle") : NULL;
    /* ISO C has no conversion of what dlsym() gives; POSIX promises that the bytes are a
     * function's. */
    memcpy(&found, &symbol, sizeof found);
    return found;
}

tb_status tb_kernel_demangle(const char *mangled, tb_arena *arena, const char **out,
                             bool *is_demangled, tb_error *err)
{
    demangle_fn *demangle = find_demangler();
    int failure = 0;
    *out = mangled;
    if (demangle == NULL) {
        return TB_OK;
    }
    *is_demangled = true;
    if (strncmp(mangled, "_Z", 2) != 0 || strlen(mangled) > LONGEST_MANGLED) {
        return TB_OK; /* "i" is the name of a function of C, and of a type, int, in C++ */
    }
    char *text = demangle(mangled, NULL, NULL, &failure);
    if (text == NULL) {
        return TB_OK;
    }
    const char *kept = tb_arena_text(arena, text, strlen(text));
    free(text);
    if (kept == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the name of a kernel");
    }
    *out = kept;
    return TB_OK;
}

/* Letters that are put behind each other as far as there is room; the last one is NUL. */
typedef struct writer {
    char *out;
    size_t used, capacity;
    bool is_cut;
} writer;

static void put(writer *w, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (w->used + 1 < w->capacity) {
            w->out[w->used++] = text[i];
        } else {
            w->is_cut = true;
        }
    }
    w->out[w->used] = '\0';
}

/* "(anonymous namespace)" is a part of a name, other parentheses begin arguments. */
static size_t anonymous(const char *at)
{
    static const char text[] = "(anonymous namespace)";
    return strncmp(at, text, sizeof text - 1) == 0 ? sizeof text - 1 : 0;
}

void tb_kernel_short_name(const char *text, char *out, size_t capacity)
{
    writer w = {.out = out, .capacity = capacity};
    int depth = 0; /* of templates */
    if (capacity == 0) {
        return;
    }
    out[0] = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        size_t skipped = anonymous(at);
        if (skipped > 0) {
            if (depth == 0) {
                put(&w, at, skipped);
            }
            at += skipped - 1;
        } else if (*at == '<') {
            if (depth++ == 0) {
                put(&w, "<...", 4);
            }
        } else if (*at == '>' && depth > 0) {
            if (--depth == 0) {
                put(&w, ">", 1);
            }
        } else if (depth == 0 && *at == '(') {
            break;
        } else if (depth == 0 && *at == ' ' && at[1] != '[') { /* what came was a return type */
            w.used = 0;
            out[0] = '\0';
            w.is_cut = false;
        } else if (depth == 0) {
            put(&w, at, 1);
        }
    }
    if (w.is_cut && capacity > 4) {
        memcpy(out + capacity - 4, "...", 4);
    }
}
