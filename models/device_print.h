/* A device as YAML: the keys of a device file, without its schema. */
#ifndef TB_DEVICE_PRINT_H
#define TB_DEVICE_PRINT_H

#include "buffer.h"
#include "device.h"

/** Print a device, every line after `indent`; what device.h does not keep (`derived`,
 *  `unsupported`) is left out. */
void tb_device_print(const tb_device *device, const char *indent, tb_buffer *out);

#endif
