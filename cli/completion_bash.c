/* The completion script of bash: one function of nested cases. */
#include "catalogue.h"
#include "commands.h"
#include "completion.h"

#include <stddef.h>

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
    const char *plural = tb_completion_option_kind(option);
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
    } else if (tb_completion_option_is_path(option)) {
        tb_buffer_text(out, ") words=''; files=1 ;;\n");
    } else {
        tb_buffer_text(out, ") words='' ;;\n");
    }
}

static void print_positional_words(const tb_command *command, tb_buffer *out)
{
    const char *plural = tb_completion_positional_kind(command);
    if (command->positional == NULL) {
        return;
    }
    tb_buffer_printf(out, "        %s) words=\"$words", command->name);
    tb_completion_words(command, out);
    if (plural != NULL) {
        tb_buffer_printf(out, " $(tilebound list %s --names 2>/dev/null)", plural);
    }
    tb_buffer_printf(out, "\"%s ;;\n",
                     tb_completion_positional_is_file(command) ? "; files=1" : "");
}

/* `list kernels` goes on with the names of kernels, beside the options. */
static void print_list_names(tb_buffer *out)
{
    for (size_t k = 0; k < TB_CATALOGUE_COUNT; k++) {
        const char *plural = tb_catalogue[k].plural;
        tb_buffer_printf(out,
                         "        list:%s) words=\"$words $(tilebound list %s --names "
                         "2>/dev/null)\"; files=1 ;;\n",
                         plural, plural);
    }
}

void tb_completion_bash(tb_buffer *out)
{
    tb_buffer_text(out, "# bash completion for tilebound; made by 'tilebound completion bash'\n"
                        "_tilebound()\n{\n"
                        "    local current=${COMP_WORDS[COMP_CWORD]}\n"
                        "    local previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                        "    local command=${COMP_WORDS[1]} words='' files= name\n"
                        "    COMPREPLY=()\n"
                        "    # --kernel=cut is three words where = breaks them\n"
                        "    if [[ $current == = ]]; then\n"
                        "        current=\n"
                        "    elif [[ $previous == = ]]; then\n"
                        "        previous=${COMP_WORDS[COMP_CWORD-2]}\n"
                        "    fi\n"
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
                        "        while IFS= read -r name; do\n"
                        "            COMPREPLY+=(\"$name\")\n"
                        "        done < <(compgen -f -- \"$current\")\n"
                        "    fi\n}\ncomplete -o filenames -F _tilebound tilebound\n");
}
