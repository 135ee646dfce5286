/* Pages for docs/: what the tables say, in Markdown. */
#include "commands.h"
#include "manual.h"

#include <string.h>

/* A cell of a table; a bar would end it, also inside of code. */
static void print_cell(tb_buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        tb_buffer_printf(out, *text == '|' || *text == '<' || *text == '*' ? "\\%c" : "%c", *text);
    }
}

static void print_paragraphs(tb_buffer *out, const char *text)
{
    while (*text != '\0') {
        bool verbatim = false;
        size_t length = tb_manual_paragraph(text, &verbatim);
        tb_buffer_text(out, verbatim ? "```text\n" : "");
        tb_buffer_append(out, text, length);
        tb_buffer_text(out, verbatim ? "\n```\n\n" : "\n\n");
        text += length;
        text += strspn(text, "\n");
    }
}

static void print_option(tb_buffer *out, const tb_option *option)
{
    tb_buffer value = {0};
    tb_option_value(option, &value);
    tb_buffer_text(out, "| `");
    if (option->letter != '\0') {
        tb_buffer_printf(out, "-%c`, `", option->letter);
    }
    tb_buffer_printf(out, "--%s", option->name);
    if (value.length > 0) {
        tb_buffer_text(out, " ");
        for (const char *at = value.data; *at != '\0'; at++) {
            tb_buffer_printf(out, *at == '|' ? "\\%c" : "%c", *at);
        }
    }
    tb_buffer_text(out, "` | ");
    print_cell(out, option->help);
    tb_buffer_text(out, " |\n");
    tb_buffer_free(&value);
}

static void print_command(tb_buffer *out, const tb_command *command)
{
    tb_buffer_printf(out, "## Usage\n\n    tilebound %s%s%s [options]\n\n", command->name,
                     command->positional != NULL ? " " : "",
                     command->positional != NULL ? command->positional : "");
    print_paragraphs(out, command->description);
    tb_buffer_text(out, "## Options\n");
    for (size_t g = 0; g < command->group_count; g++) {
        tb_buffer_printf(out, "\n| %s | |\n|---|---|\n", command->groups[g].title);
        for (size_t i = 0; i < command->groups[g].count; i++) {
            print_option(out, &command->groups[g].options[i]);
        }
    }
    tb_buffer_text(out, "\n## More examples\n\n```sh\n");
    for (size_t i = 0; i < command->example_count; i++) {
        tb_buffer_printf(out, "%s# %s\n%s\n", i == 0 ? "" : "\n", command->examples[i].what,
                         command->examples[i].command);
    }
    tb_buffer_text(out, "```\n");
}

static void print_tilebound(tb_buffer *out)
{
    tb_buffer_text(out, "## Commands\n\n| | command | |\n|---|---|---|\n");
    const char *group = "";
    for (size_t i = 0; i < tb_command_count; i++) {
        const tb_command *command = tb_commands[i];
        bool is_new = strcmp(group, command->group) != 0;
        group = command->group;
        tb_buffer_printf(out, "| %s%s%s | [%s](commands/%s.md) | ", is_new ? "**" : "",
                         is_new ? group : "", is_new ? "**" : "", command->name, command->name);
        print_cell(out, command->summary);
        tb_buffer_text(out, " |\n");
    }
    tb_buffer_text(out, "\n| exit code | |\n|---|---|\n");
    for (size_t i = 0; i < tb_exit_code_count; i++) {
        tb_buffer_printf(out, "| %d | %s |\n", tb_exit_codes[i].code, tb_exit_codes[i].meaning);
    }
    tb_buffer_text(out, "\n| environment | |\n|---|---|\n");
    for (size_t i = 0; i < tb_manual_environment_count; i++) {
        tb_buffer_printf(out, "| `%s` | %s |\n", tb_manual_environment[i].name,
                         tb_manual_environment[i].meaning);
    }
}

void tb_manual_markdown(const tb_command *command, tb_buffer *out)
{
    if (command != NULL) {
        print_command(out, command);
    } else {
        print_tilebound(out);
    }
}
