/* tilebound manual: the page of a command, for man or for docs/. */
#include "commands.h"
#include "manual.h"
#include "output.h"

#include <stddef.h>
#include <string.h>

typedef enum manual_format { FORMAT_MAN, FORMAT_MARKDOWN } manual_format;

typedef struct manual_args {
    tb_arg_choice format;
    tb_output_args output;
} manual_args;

#define AT(field) offsetof(manual_args, field)

const tb_manual_term tb_manual_environment[] = {
    {"TILEBOUND_DATA", "folder with the data files, in place of the installed ones"},
    {"NO_COLOR", "when set, nothing is coloured"},
    {"OMP_NUM_THREADS", "threads of what runs on the processor"},
    {"CUDA_HOME", "where to look for NVIDIA's libraries"},
    {"XDG_CACHE_HOME", "where compiled GPU kernels are kept (default ~/.cache)"},
    {"TMPDIR", "where temporary folders are made (default /tmp)"},
};
const size_t tb_manual_environment_count =
    sizeof tb_manual_environment / sizeof *tb_manual_environment;

size_t tb_manual_paragraph(const char *text, bool *verbatim)
{
    const char *end = strstr(text, "\n\n");
    size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
    *verbatim = text[0] == ' ';
    for (size_t i = 0; i + 1 < length; i++) {
        *verbatim = *verbatim || (text[i] == '\n' && text[i + 1] == ' ');
    }
    return length;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const manual_args *args = arguments;
    const tb_command *command = NULL;
    if (positional[0] != NULL) {
        tb_status status = tb_command_find(positional[0], &command, err);
        if (status != TB_OK) {
            return status;
        }
    }
    tb_buffer text = {0};
    if (args->format.given && args->format.index == FORMAT_MARKDOWN) {
        tb_manual_markdown(command, &text);
    } else {
        tb_manual_man(command, &text);
    }
    return tb_output_text(&args->output, &text, err);
}

static const char *const format_choices[] = {"man", "markdown"};

static const tb_option options[] = {
    {"format", '\0', TB_OPTION_CHOICE, NULL, "for man (default), or for docs/", AT(format), 0, 0,
     format_choices, 2},
    {"output", 'o', TB_OPTION_TEXT, "FILE", "write there instead of to standard output",
     AT(output) + offsetof(tb_output_args, path), 0, 0, NULL, 0},
};

static const tb_option_group groups[] = {{"Output", options, 2, 0}};

static const tb_example examples[] = {
    {"tilebound manual predict -o tilebound-predict.1",
     "the page of a command; `man -l tilebound-predict.1` shows it"},
    {"tilebound manual", "the page of tilebound itself"},
};

const tb_command tb_cmd_manual = {
    .name = "manual",
    .group = "know",
    .summary = "print the page of a command for man, or for docs/",
    .positional = "[COMMAND]",
    .description =
        "The page comes from the same tables as --help. An installed tilebound has all of them in\n"
        "share/man: `man tilebound`, `man tilebound-predict`. With --format markdown it is what\n"
        "ends the command's page in docs/commands.",
    .groups = groups,
    .group_count = 1,
    .examples = examples,
    .example_count = 2,
    .args_size = sizeof(manual_args),
    .positional_max = 1,
    .run = run,
};
