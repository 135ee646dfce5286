/* What the emulated NVRTC calls PTX: a text, as a real one is, that spells the image out. */
#ifndef TB_FAKE_PTX_H
#define TB_FAKE_PTX_H

#include "buffer.h"

#include <stdbool.h>

bool tb_fake_ptx_write(const void *image, size_t bytes, int sm, tb_buffer *out);

/** The image of a text; false for a text that is no PTX of ours. */
bool tb_fake_ptx_read(const char *text, tb_buffer *image);

#endif
