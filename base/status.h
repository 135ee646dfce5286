/* Status codes and the caller-owned error of every call that can fail. */
#ifndef TB_STATUS_H
#define TB_STATUS_H

#include <stdarg.h>

#if defined(__GNUC__) || defined(__clang__)
#define TB_NODISCARD __attribute__((warn_unused_result))
#define TB_PRINTF(format_index, first_argument)                                                    \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define TB_NODISCARD
#define TB_PRINTF(format_index, first_argument)
#endif

typedef enum tb_status {
    TB_OK = 0,
    TB_EINVAL,       /* a value that makes no sense; the command line exits 2 */
    TB_EOVERFLOW,    /* a size whose arithmetic passes 2^63 - 1; exit 2 */
    TB_EFILE,        /* an input file absent, unreadable or malformed; exit 3 */
    TB_EUNAVAILABLE, /* a backend or tool that is not here; exit 4 */
    TB_ETHRESHOLD,   /* a threshold that the user set is not met; exit 5 */
    TB_EIO,          /* output that could not be written; exit 1 */
    TB_ENOMEM,       /* memory exhausted; exit 1 */
    TB_EINTERNAL     /* an internal check failed: our bug; exit 1 */
} tb_status;

#define TB_STATUS_COUNT 9

/** What went wrong and where. Plain data, owned by the caller; valid after a call that failed. */
typedef struct tb_error {
    tb_status code;
    int line;   /* from 1; 0 = no position */
    int column; /* from 1; 0 = no position */
    char file[512];
    char message[768]; /* one line: what is wrong; what would be right */
} tb_error;

/** Fill *err (may be NULL) with a message without position, and return `code`. */
tb_status tb_fail(tb_error *err, tb_status code, const char *format, ...) TB_PRINTF(3, 4);

/** As tb_fail(), with the position in `file` (line and column from 1, or 0 for none). */
tb_status tb_fail_at(tb_error *err, tb_status code, const char *file, int line, int column,
                     const char *format, ...) TB_PRINTF(6, 7);

/** tb_fail_at() with a va_list. */
tb_status tb_fail_at_v(tb_error *err, tb_status code, const char *file, int line, int column,
                       const char *format, va_list arguments) TB_PRINTF(6, 0);

/** Name of a status ("TB_EINVAL"), for messages of tests and logs; never NULL. */
const char *tb_status_name(tb_status code);

#endif
