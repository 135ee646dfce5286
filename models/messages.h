/* Sentences that go with a result: notes and warnings. Fixed storage; what does not fit is dropped
 * and counted. */
#ifndef TB_MESSAGES_H
#define TB_MESSAGES_H

#include "status.h"

#include <stddef.h>

#define TB_MESSAGES_MAX 8

typedef struct tb_messages {
    char text[TB_MESSAGES_MAX][360];
    size_t count;
    size_t dropped;
} tb_messages;

/** Add one sentence. */
void tb_messages_add(tb_messages *messages, const char *format, ...) TB_PRINTF(2, 3);

#endif
