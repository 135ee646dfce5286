/* Small texts that the operating system tells about itself (/proc, /sys). */
#ifndef TB_SYSTEM_TEXT_H
#define TB_SYSTEM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** The first line of a file, without its end, cut to what fits; false when it cannot be read.
 *  `root` stands before the path ("" but in tests). */
bool tb_system_line(const char *root, const char *path, char *out, size_t capacity);

/** The value of the first line "key : value" of a file such as /proc/cpuinfo; false for none. */
bool tb_system_value(const char *root, const char *path, const char *key, char *out,
                     size_t capacity);

#endif
