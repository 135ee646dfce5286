/* Pages for man: roff with the man macros (man(7)). */
#include "commands.h"
#include "manual.h"
#include "version.h"

#include <ctype.h>
#include <string.h>

/* Text of which roff takes nothing for its own; a line that begins with . or ' would be a request.
 * Quotes, carets and dashes stay ASCII, so that they can be copied. */
static void print_text(tb_buffer *out, const char *text, size_t length)
{
    static const struct {
        char character;
        const char *escape;
    } escapes[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                   {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (size_t i = 0; i < length; i++) {
        const char *escape = NULL;
        for (size_t e = 0; e < sizeof escapes / sizeof *escapes; e++) {
            escape = text[i] == escapes[e].character ? escapes[e].escape : escape;
        }
        if (text[i] == '.' && (i == 0 || text[i - 1] == '\n')) {
            tb_buffer_text(out, "\\&");
        }
        if (escape != NULL) {
            tb_buffer_text(out, escape);
        } else {
            tb_buffer_append(out, text + i, 1);
        }
    }
}

static void print_line(tb_buffer *out, const char *text)
{
    print_text(out, text, strlen(text));
    tb_buffer_text(out, "\n");
}

static void print_upper(tb_buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        tb_buffer_printf(out, "%s", *text == '-' ? "\\-" : "");
        if (*text != '-') {
            tb_buffer_printf(out, "%c", toupper((unsigned char)*text));
        }
    }
}

static void print_paragraphs(tb_buffer *out, const char *text)
{
    for (bool first = true; *text != '\0'; first = false) {
        bool verbatim = false;
        size_t length = tb_manual_paragraph(text, &verbatim);
        tb_buffer_text(out, first ? "" : ".PP\n");
        tb_buffer_text(out, verbatim ? ".nf\n" : "");
        print_text(out, text, length);
        tb_buffer_text(out, verbatim ? "\n.fi\n" : "\n");
        text += length;
        text += strspn(text, "\n");
    }
}

/* A tagged paragraph: the option with its value, then what it does. */
static void print_option(tb_buffer *out, const tb_option *option)
{
    tb_buffer value = {0};
    tb_option_value(option, &value);
    tb_buffer_text(out, ".TP\n");
    if (option->letter != '\0') {
        tb_buffer_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    }
    tb_buffer_text(out, "\\fB\\-\\-");
    print_text(out, option->name, strlen(option->name));
    tb_buffer_text(out, "\\fR");
    if (value.length > 0) {
        tb_buffer_text(out, " \\fI");
        print_text(out, value.data, value.length);
        tb_buffer_text(out, "\\fR");
    }
    tb_buffer_text(out, "\n");
    print_line(out, option->help);
    tb_buffer_free(&value);
}

static void print_options(tb_buffer *out, const tb_command *command)
{
    tb_buffer_text(out, ".SH OPTIONS\n");
    for (size_t g = 0; g < command->group_count; g++) {
        tb_buffer_text(out, ".SS ");
        print_line(out, command->groups[g].title);
        for (size_t i = 0; i < command->groups[g].count; i++) {
            print_option(out, &command->groups[g].options[i]);
        }
    }
    tb_buffer_text(out, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow the options and examples\n");
}

static void print_examples(tb_buffer *out, const tb_command *command)
{
    tb_buffer_text(out, ".SH EXAMPLES\n");
    for (size_t i = 0; i < command->example_count; i++) {
        tb_buffer_text(out, i == 0 ? "" : ".PP\n");
        print_line(out, command->examples[i].what);
        tb_buffer_text(out, ".PP\n.RS 4\n.nf\n"); /* as it is typed, in one line */
        print_line(out, command->examples[i].command);
        tb_buffer_text(out, ".fi\n.RE\n");
    }
}

static void print_head(tb_buffer *out, const char *name, const char *summary)
{
    tb_buffer_text(out, ".\\\" Made by 'tilebound manual' from the tables of options.\n.TH ");
    print_upper(out, name);
    tb_buffer_printf(out, " 1 \"\" \"tilebound %s\" \"tilebound manual\"\n.SH NAME\n", TB_VERSION);
    print_text(out, name, strlen(name));
    tb_buffer_text(out, " \\- ");
    print_line(out, summary);
}

static void print_exit_status(tb_buffer *out)
{
    tb_buffer_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < tb_exit_code_count; i++) {
        tb_buffer_printf(out, ".TP\n.B %d\n", tb_exit_codes[i].code);
        print_line(out, tb_exit_codes[i].meaning);
    }
}

static void print_command(tb_buffer *out, const tb_command *command)
{
    tb_buffer name = {0};
    tb_buffer_printf(&name, "tilebound-%s", command->name);
    print_head(out, name.data != NULL ? name.data : "", command->summary);
    tb_buffer_printf(out, ".SH SYNOPSIS\n\\fBtilebound %s\\fR", command->name);
    if (command->positional != NULL) {
        tb_buffer_text(out, " \\fI");
        print_text(out, command->positional, strlen(command->positional));
        tb_buffer_text(out, "\\fR");
    }
    tb_buffer_text(out, " [\\fIoptions\\fR]\n.SH DESCRIPTION\n");
    print_paragraphs(out, command->description);
    print_options(out, command);
    print_examples(out, command);
    print_exit_status(out);
    tb_buffer_text(out, ".SH SEE ALSO\n.BR tilebound (1)\n");
    tb_buffer_free(&name);
}

static void print_command_list(tb_buffer *out)
{
    const char *group = "";
    tb_buffer_text(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < tb_command_count; i++) {
        const tb_command *command = tb_commands[i];
        if (strcmp(group, command->group) != 0) {
            group = command->group;
            tb_buffer_printf(out, ".SS %s\n", group);
        }
        tb_buffer_printf(out, ".TP\n.BR tilebound\\-%s (1)\n", command->name);
        print_line(out, command->summary);
    }
}

static void print_tilebound(tb_buffer *out)
{
    print_head(out, "tilebound", "how fast can sparse attention possibly run on a GPU?");
    tb_buffer_text(out, ".SH SYNOPSIS\n\\fBtilebound\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n.br\n"
                        "\\fBtilebound\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR\n.br\n"
                        "\\fBtilebound\\fR \\fB\\-\\-version\\fR\n.SH DESCRIPTION\n");
    print_paragraphs(
        out, "Sparse attention saves FLOPs, yet kernels work in tiles: a query tile visits every\n"
             "KV tile that any of its queries touches, and masks what it must not see. tilebound\n"
             "counts those tiles, says what speedup they allow, predicts how fast a kernel will\n"
             "be on a GPU, and measures whether it is.");
    print_command_list(out);
    print_exit_status(out);
    tb_buffer_text(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < tb_manual_environment_count; i++) {
        tb_buffer_printf(out, ".TP\n.B %s\n", tb_manual_environment[i].name);
        print_line(out, tb_manual_environment[i].meaning);
    }
}

void tb_manual_man(const tb_command *command, tb_buffer *out)
{
    if (command != NULL) {
        print_command(out, command);
    } else {
        print_tilebound(out);
    }
}
