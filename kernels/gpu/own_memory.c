#include "own_memory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define CHUNK 512u

/* Linux gives a process' own memory as a file, of which a read fails where a load would trap. */
int tb_own_memory_open(void)
{
    return open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
}

void tb_own_memory_close(int memory)
{
    if (memory >= 0) {
        (void)close(memory);
    }
}

/* Bytes that could be read, at most `bytes`. */
static size_t read_at(int memory, uint64_t address, char *to, size_t bytes)
{
    if (memory < 0) {
        const char *from = (const char *)(uintptr_t)address;
        size_t length = strnlen(from, bytes);
        memcpy(to, from, length < bytes ? length + 1 : bytes);
        return bytes;
    }
    ssize_t got = address > INT64_MAX ? -1 : pread(memory, to, bytes, (off_t)address);
    return got < 0 ? 0 : (size_t)got;
}

bool tb_own_memory_text(int memory, uint64_t address, char *text, size_t capacity)
{
    size_t length = 0;
    while (length + 1 < capacity) {
        size_t left = capacity - 1 - length, wanted = left < CHUNK ? left : CHUNK;
        size_t got = read_at(memory, address + length, text + length, wanted);
        if (memchr(text + length, '\0', got) != NULL) {
            return true;
        }
        if (got < wanted) {
            return false;
        }
        length += got;
    }
    text[length] = '\0';
    return true;
}
