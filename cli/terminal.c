#include "terminal.h"

#include "text.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int64_t tb_terminal_columns(void)
{
    struct winsize size;
    int64_t columns = 0;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    const char *text = getenv("COLUMNS");
    if (text != NULL && tb_text_int(text, &columns) && columns >= 1 && columns <= 4096) {
        return columns;
    }
    return 80;
}
