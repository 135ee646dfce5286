#include "fake_ptx.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN "// emulated: "

bool tb_fake_ptx_write(const void *image, size_t bytes, int sm, tb_buffer *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *byte = image;
    tb_buffer_printf(out, ".version 9.0\n.target sm_%d\n.address_size 64\n" BEGIN, sm);
    char *text = malloc(bytes * 2 + 1);
    for (size_t i = 0; text != NULL && i < bytes; i++) {
        text[2 * i] = digits[byte[i] >> 4];
        text[2 * i + 1] = digits[byte[i] & 15];
    }
    if (text != NULL) {
        tb_buffer_append(out, text, bytes * 2);
        tb_buffer_text(out, "\n");
    }
    bool is_written = text != NULL && !out->failed;
    free(text);
    return is_written;
}

/* 0 ... 15, or -1. */
static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tb_fake_ptx_read(const char *text, tb_buffer *image)
{
    const char *at = strncmp(text, ".version", 8) == 0 ? strstr(text, BEGIN) : NULL;
    if (at == NULL) {
        return false;
    }
    at += strlen(BEGIN);
    for (; digit(at[0]) >= 0 && digit(at[1]) >= 0; at += 2) {
        unsigned char byte = (unsigned char)(digit(at[0]) * 16 + digit(at[1]));
        tb_buffer_append(image, &byte, 1);
    }
    return *at == '\n' && image->length > 0 && !image->failed;
}
