/* tilebound completion: a script for the shell that completes commands, options and names. */
#include "catalogue.h"
#include "commands.h"
#include "completion.h"
#include "output.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef struct completion_args {
    tb_output_args output;
} completion_args;

#define AT(field) offsetof(completion_args, field)

static const char *const shells[] = {"bash", "zsh"};
static void (*const printers[])(tb_buffer *) = {tb_completion_bash, tb_completion_zsh};

#define SHELL_COUNT (sizeof shells / sizeof *shells)

/* --kernel takes names of kernels, and so does --baseline-kernel. */
static bool ends_in_word(const char *name, const char *word)
{
    size_t length = strlen(name), end = strlen(word);
    return length >= end && strcmp(name + length - end, word) == 0 &&
           (length == end || name[length - end - 1] == '-');
}

const char *tb_completion_option_kind(const tb_option *option)
{
    if (option->kind != TB_OPTION_TEXT && option->kind != TB_OPTION_TEXTS) {
        return NULL;
    }
    for (size_t k = 0; k < TB_CATALOGUE_COUNT; k++) {
        if (ends_in_word(option->name, tb_catalogue[k].word)) {
            return tb_catalogue[k].plural;
        }
    }
    return strcmp(option->name, "pattern") == 0 ? "patterns" : NULL;
}

/* "[MECHANISM...]" stands for names of mechanisms. */
const char *tb_completion_positional_kind(const tb_command *command)
{
    const char *text = command->positional;
    if (text == NULL) {
        return NULL;
    }
    text += text[0] == '[';
    if (strcmp(text, "CHART") == 0) {
        return "charts";
    }
    for (size_t k = 0; k < TB_CATALOGUE_COUNT; k++) {
        const char *word = tb_catalogue[k].word;
        if (strncasecmp(text, word, strlen(word)) == 0) {
            return tb_catalogue[k].plural;
        }
    }
    return NULL;
}

bool tb_completion_option_is_path(const tb_option *option)
{
    static const char *const paths[] = {"FILE", "PATH", "DIR"};
    bool is_text = option->kind == TB_OPTION_TEXT || option->kind == TB_OPTION_TEXTS;
    for (size_t i = 0; is_text && i < sizeof paths / sizeof *paths; i++) {
        if (strcmp(option->argument, paths[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool tb_completion_positional_is_file(const tb_command *command)
{
    const char *text = command->positional, *kind = tb_completion_positional_kind(command);
    if (text == NULL || kind != NULL) {
        return kind != NULL && strcmp(kind, "charts") != 0;
    }
    return strncmp(text + (text[0] == '['), "FILE", 4) == 0;
}

void tb_completion_words(const tb_command *command, tb_buffer *out)
{
    for (size_t i = 0; i < command->word_count; i++) {
        tb_buffer_printf(out, " %s", command->words[i]);
    }
    if (command->positional == NULL || strcmp(command->positional, "[COMMAND]") != 0) {
        return;
    }
    for (size_t i = 0; i < tb_command_count; i++) {
        tb_buffer_printf(out, " %s", tb_commands[i]->name);
    }
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const completion_args *args = arguments;
    for (size_t i = 0; i < SHELL_COUNT; i++) {
        if (strcmp(positional[0], shells[i]) == 0) {
            tb_buffer text = {0};
            printers[i](&text);
            return tb_output_text(&args->output, &text, err);
        }
    }
    return tb_fail(err, TB_EINVAL, "no completion for '%s'; there is one for bash and one for zsh",
                   positional[0]);
}

static const tb_option output_option[] = {
    {"output", 'o', TB_OPTION_TEXT, "FILE", "write there instead of to standard output",
     AT(output) + offsetof(tb_output_args, path), 0, 0, NULL, 0},
};

static const tb_option_group groups[] = {{"Output", output_option, 1, 0}};

static const tb_example examples[] = {
    {"tilebound completion bash -o tilebound.bash", "a script to source from ~/.bashrc"},
    {"tilebound completion zsh -o _tilebound", "a file for a folder of zsh's fpath"},
};

const tb_command tb_cmd_completion = {
    .name = "completion",
    .group = "know",
    .summary = "print a script that completes commands and options in the shell",
    .positional = "bash|zsh",
    .words = shells,
    .word_count = SHELL_COUNT,
    .description =
        "The script comes from the same option tables as --help. An installed tilebound has it in\n"
        "share/bash-completion/completions and share/zsh/site-functions, where the shells find it\n"
        "by themselves.",
    .groups = groups,
    .group_count = 1,
    .examples = examples,
    .example_count = 2,
    .args_size = sizeof(completion_args),
    .positional_min = 1,
    .positional_max = 1,
    .run = run,
};
