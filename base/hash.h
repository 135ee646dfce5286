/* A hash of 128 bits: keys of caches, and checksums that need not withstand an attacker. */
#ifndef TB_HASH_H
#define TB_HASH_H

#include <stddef.h>
#include <stdint.h>

/** Two FNV-1a hashes of 64 bits side by side (Fowler, Noll and Vo), the second begun elsewhere. */
typedef struct tb_hash {
    uint64_t a; /* FNV-1a as published */
    uint64_t b;
} tb_hash;

tb_hash tb_hash_begin(void);

void tb_hash_bytes(tb_hash *hash, const void *data, size_t length);

/** With its end, so that texts one after another do not run together. */
void tb_hash_text(tb_hash *hash, const char *text);

/** 32 hexadecimal digits. */
void tb_hash_key(const tb_hash *hash, char key[33]);

#endif
