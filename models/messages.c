#include "messages.h"

#include <stdarg.h>
#include <stdio.h>

void tb_messages_add(tb_messages *messages, const char *format, ...)
{
    if (messages->count == TB_MESSAGES_MAX) {
        messages->dropped++;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(messages->text[messages->count++], sizeof messages->text[0], format, arguments);
    va_end(arguments);
}
