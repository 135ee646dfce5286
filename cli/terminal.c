#include "terminal.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_COLUMNS 80
#define USUAL_ROWS    24
#define MOST          4096

static bool get_size(struct winsize *size)
{
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, size) == 0;
}

static int64_t from_environment(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    int64_t value = 0;
    return text != NULL && tb_text_int(text, &value) && value >= 1 && value <= MOST ? value
                                                                                    : otherwise;
}

int64_t tb_terminal_columns(void)
{
    struct winsize size;
    return get_size(&size) && size.ws_col > 0 ? size.ws_col
                                              : from_environment("COLUMNS", USUAL_COLUMNS);
}

int64_t tb_terminal_rows(void)
{
    struct winsize size;
    return get_size(&size) && size.ws_row > 0 ? size.ws_row : from_environment("LINES", USUAL_ROWS);
}

bool tb_terminal_has_colour(void)
{
    const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && kind != NULL &&
           strcmp(kind, "dumb") != 0;
}
