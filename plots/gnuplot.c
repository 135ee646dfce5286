#include "gnuplot.h"

#include "program.h"

#include <string.h>

#define INSTALL "install it (Debian: apt install gnuplot-nox; macOS: brew install gnuplot)"

bool tb_gnuplot_version(char out[static 128])
{
    return tb_program_first_line("gnuplot --version 2>/dev/null", out, 128);
}

/* The line that says what is wrong: gnuplot shows the command and a caret before it. */
static const char *complaint(tb_buffer *errors)
{
    char *mark = errors->data != NULL ? strstr(errors->data, "line ") : NULL;
    char *from = mark != NULL ? mark : errors->data;
    if (from == NULL) {
        return "it says nothing";
    }
    from[strcspn(from, "\n")] = '\0';
    return from;
}

tb_status tb_gnuplot_run(const char *script, const char *folder, tb_error *err)
{
    const char *const arguments[] = {"gnuplot", "--default-settings", script, NULL};
    tb_buffer errors = {0};
    int code = 0;
    tb_status status = tb_program_run(arguments, folder, &errors, &code, err);
    if (status == TB_EUNAVAILABLE) {
        status = tb_fail(err, TB_EUNAVAILABLE,
                         "charts are drawn by gnuplot, which is not on the "
                         "PATH; " INSTALL);
    } else if (status == TB_OK && code != 0 && errors.data != NULL &&
               strstr(errors.data, "terminal type") != NULL) {
        status = tb_fail(err, TB_EUNAVAILABLE,
                         "this gnuplot cannot write that format; give -o another ending, or a "
                         "fuller gnuplot (Debian: apt install gnuplot-nox)");
    } else if (status == TB_OK && code != 0) {
        status = tb_fail(err, TB_EINTERNAL, "gnuplot ended with %d: %s", code, complaint(&errors));
    }
    tb_buffer_free(&errors);
    return status;
}
