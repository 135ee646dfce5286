/* tilebound completion: a bash script that completes commands and options, made from their tables.
 */
#include "catalogue.h"
#include "commands.h"
#include "output.h"

#include <stddef.h>
#include <string.h>

typedef struct completion_args {
    tb_output_args output;
} completion_args;

#define AT(field) offsetof(completion_args, field)

static const char *const shells[] = {"bash"};

/* The option's plural in the catalogue when its value is one of the known names, else NULL. */
static const char *known_names(const tb_option *option)
{
    for (size_t k = 0; k < TB_CATALOGUE_COUNT; k++) {
        if (option->kind == TB_OPTION_TEXT && strcmp(option->name, tb_catalogue[k].word) == 0) {
            return tb_catalogue[k].plural;
        }
    }
    return NULL;
}

static void print_option_words(const tb_command *command, tb_buffer *out)
{
    tb_buffer_printf(out, "        %s) words='", command->name);
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g].count; i++) {
            tb_buffer_printf(out, "--%s ", command->groups[g].options[i].name);
        }
    }
    tb_buffer_text(out, "--help' ;;\n");
}

/* One line a command and option that takes a value: choices, known names, files, or nothing. */
static void print_value_words(const tb_command *command, const tb_option *option, tb_buffer *out)
{
    const char *plural = known_names(option);
    if (option->kind == TB_OPTION_FLAG) {
        return;
    }
    tb_buffer_printf(out, "        %s:--%s", command->name, option->name);
    if (option->letter != '\0') {
        tb_buffer_printf(out, "|%s:-%c", command->name, option->letter);
    }
    if (option->kind == TB_OPTION_CHOICE) {
        tb_buffer_text(out, ") words='");
        for (size_t i = 0; i < option->choice_count; i++) {
            tb_buffer_printf(out, "%s%s", i == 0 ? "" : " ", option->choices[i]);
        }
        tb_buffer_text(out, "' ;;\n");
    } else if (plural != NULL) {
        tb_buffer_printf(out, ") words=$(tilebound list %s --names 2>/dev/null); files=1 ;;\n",
                         plural);
    } else if (option->kind == TB_OPTION_TEXT) {
        tb_buffer_text(out, ") words=''; files=1 ;;\n");
    } else {
        tb_buffer_text(out, ") words='' ;;\n");
    }
}

static void print_positional_words(const tb_command *command, tb_buffer *out)
{
    if (command->word_count == 0) {
        return;
    }
    tb_buffer_printf(out, "        %s) words=\"$words", command->name);
    for (size_t i = 0; i < command->word_count; i++) {
        tb_buffer_printf(out, " %s", command->words[i]);
    }
    tb_buffer_text(out, "\" ;;\n");
}

/* `list kernels` goes on with the names of kernels, `plot` with those of charts, beside the
 * options.
 */
static void print_list_names(tb_buffer *out)
{
    for (size_t k = 0; k < TB_CATALOGUE_COUNT; k++) {
        const char *plural = tb_catalogue[k].plural;
        tb_buffer_printf(out,
                         "        list:%s) words=\"$words $(tilebound list %s --names "
                         "2>/dev/null)\"; files=1 ;;\n",
                         plural, plural);
    }
    tb_buffer_text(
        out,
        "        plot:plot) words=\"$words $(tilebound list charts --names 2>/dev/null)\" ;;\n");
}

static void print_bash(tb_buffer *out)
{
    tb_buffer_text(out, "# bash completion for tilebound; made by 'tilebound completion bash'\n"
                        "_tilebound()\n{\n"
                        "    local current=${COMP_WORDS[COMP_CWORD]}\n"
                        "    local previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                        "    local command=${COMP_WORDS[1]} words='' files=\n"
                        "    COMPREPLY=()\n"
                        "    if ((COMP_CWORD == 1)); then\n"
                        "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < tb_command_count; i++) {
        tb_buffer_printf(out, "%s ", tb_commands[i]->name);
    }
    tb_buffer_text(out, "--help --version' -- \"$current\"))\n        return\n    fi\n"
                        "    case $command:$previous in\n");
    for (size_t i = 0; i < tb_command_count; i++) {
        const tb_command *command = tb_commands[i];
        for (size_t g = 0; g < command->group_count; g++) {
            for (size_t o = 0; o < command->groups[g].count; o++) {
                print_value_words(command, &command->groups[g].options[o], out);
            }
        }
    }
    tb_buffer_text(out, "        *)\n    case $command in\n");
    for (size_t i = 0; i < tb_command_count; i++) {
        print_option_words(tb_commands[i], out);
    }
    tb_buffer_text(out, "    esac\n    case $command in\n");
    for (size_t i = 0; i < tb_command_count; i++) {
        print_positional_words(tb_commands[i], out);
    }
    tb_buffer_text(out, "    esac\n    case $command:$previous in\n");
    print_list_names(out);
    tb_buffer_text(out, "    esac ;;\n    esac\n"
                        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                        "    if [[ -n $files ]]; then\n"
                        "        COMPREPLY+=($(compgen -f -- \"$current\"))\n"
                        "    fi\n}\ncomplete -o filenames -F _tilebound tilebound\n");
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const completion_args *args = arguments;
    if (strcmp(positional[0], shells[0]) != 0) {
        return tb_fail(err, TB_EINVAL, "no completion for '%s'; there is one for bash",
                       positional[0]);
    }
    tb_buffer text = {0};
    print_bash(&text);
    return tb_output_text(&args->output, &text, err);
}

static const tb_option output_option[] = {
    {"output", 'o', TB_OPTION_TEXT, "FILE", "write there instead of to standard output",
     AT(output) + offsetof(tb_output_args, path), 0, 0, NULL, 0},
};

static const tb_option_group groups[] = {{"Output", output_option, 1, 0}};

static const tb_example examples[] = {
    {"tilebound completion bash -o tilebound.bash", "a script to source from ~/.bashrc"},
};

const tb_command tb_cmd_completion = {
    .name = "completion",
    .group = "know",
    .summary = "print a script that completes commands and options in the shell",
    .positional = "bash",
    .words = shells,
    .word_count = 1,
    .description =
        "The script comes from the same option tables as --help. An installed tilebound has it in\n"
        "share/bash-completion/completions, where bash finds it by itself.",
    .groups = groups,
    .group_count = 1,
    .examples = examples,
    .example_count = 1,
    .args_size = sizeof(completion_args),
    .positional_min = 1,
    .positional_max = 1,
    .run = run,
};
