/* Registers of a kernel that was not compiled for a GPU at all: those of the golden table where it
 * is a variant of ours. */
#ifndef TB_FAKE_REGISTERS_H
#define TB_FAKE_REGISTERS_H

/** @param[in] options  NULL-ended, the -D of the compilation alone */
int tb_fake_registers(const char *source, const char *kernel, const char *const *options, int sm);

#endif
