/* Reading this process' memory at an address that may lead nowhere. Internal to kernels/gpu. */
#ifndef TB_OWN_MEMORY_H
#define TB_OWN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A descriptor to read through; -1 where the system has none. Close it with tb_own_memory_close().
 */
int tb_own_memory_open(void);
void tb_own_memory_close(int memory);

/**
 * Copy a text, cut where it is longer than `capacity` - 1 bytes.
 *
 * @param[in] memory  of tb_own_memory_open(); with -1 the address is trusted
 * @return false for an address that leads nowhere, or to a text that ends where memory does
 */
bool tb_own_memory_text(int memory, uint64_t address, char *text, size_t capacity);

#endif
