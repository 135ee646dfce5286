#include "hash.h"

#include <stdio.h>
#include <string.h>

#define PRIME UINT64_C(0x100000001b3)

tb_hash tb_hash_begin(void)
{
    return (tb_hash){UINT64_C(0xcbf29ce484222325), UINT64_C(0x9e3779b97f4a7c15)};
}

void tb_hash_bytes(tb_hash *hash, const void *data, size_t length)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < length; i++) {
        hash->a = (hash->a ^ at[i]) * PRIME;
        hash->b = (hash->b ^ at[i]) * PRIME;
    }
}

void tb_hash_text(tb_hash *hash, const char *text)
{
    tb_hash_bytes(hash, text, strlen(text) + 1);
}

void tb_hash_key(const tb_hash *hash, char key[33])
{
    (void)snprintf(key, 33, "%016llx%016llx", (unsigned long long)hash->a,
                   (unsigned long long)hash->b);
}
