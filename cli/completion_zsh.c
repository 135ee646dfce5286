/* The completion script of zsh: one function a command, whose options are specs of _arguments. */
#include "commands.h"
#include "completion.h"

#include <stddef.h>
#include <string.h>

/* Text inside of '...' where also the characters in `special` have a meaning to _arguments. */
static void print_quoted(tb_buffer *out, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            tb_buffer_text(out, "'\\''");
        } else if (*text == '\n') {
            tb_buffer_text(out, " ");
        } else if (strchr(special, *text) != NULL) {
            tb_buffer_printf(out, "\\%c", *text);
        } else {
            tb_buffer_append(out, text, 1);
        }
    }
}

/* What completes a text: names that are known, files, a folder, or nothing. */
static void print_text_action(const tb_option *option, tb_buffer *out)
{
    const char *kind = tb_completion_option_kind(option);
    if (kind != NULL) {
        tb_buffer_printf(out, " _tilebound_names %s", kind); /* the space: called as it stands */
    } else if (strcmp(option->argument, "DIR") == 0) {
        tb_buffer_text(out, "_files -/");
    } else if (tb_completion_option_is_path(option)) {
        tb_buffer_text(out, "_files");
    } else {
        tb_buffer_text(out, " ");
    }
}

/* ":VALUE:ACTION" of an option that takes a value. */
static void print_value(const tb_option *option, tb_buffer *out)
{
    if (option->kind == TB_OPTION_FLAG) {
        return;
    }
    tb_buffer_text(out, ":");
    print_quoted(out, option->argument != NULL ? option->argument : option->name, ":\\");
    tb_buffer_text(out, ":");
    if (option->kind == TB_OPTION_CHOICE) {
        for (size_t i = 0; i < option->choice_count; i++) {
            tb_buffer_printf(out, "%c%s", i == 0 ? '(' : ' ', option->choices[i]);
        }
        tb_buffer_text(out, ")");
    } else if (option->kind == TB_OPTION_TEXT || option->kind == TB_OPTION_TEXTS) {
        print_text_action(option, out);
    } else {
        tb_buffer_text(out, " ");
    }
}

/* '(-i --input-size)'{-i+,--input-size=}'[help]:value:action'; one that may be repeated excludes
 * nothing. */
static void print_option(const tb_option *option, tb_buffer *out)
{
    const char *equals = option->kind == TB_OPTION_FLAG ? "" : "=";
    const char *joined = option->kind == TB_OPTION_FLAG ? "" : "+";
    tb_buffer_text(out, "        ");
    if (option->letter != '\0') {
        tb_buffer_printf(out, "'(-%c --%s)'{-%c%s,--%s%s}'", option->letter, option->name,
                         option->letter, joined, option->name, equals);
    } else {
        tb_buffer_printf(out, "'%s--%s%s", option->kind == TB_OPTION_TEXTS ? "*" : "", option->name,
                         equals);
    }
    tb_buffer_text(out, "[");
    print_quoted(out, option->help, "[]:\\");
    tb_buffer_text(out, "]");
    print_value(option, out);
    tb_buffer_text(out, "' \\\n");
}

/* Fixed words, names of a kind, or files; `list KIND` goes on with names of that kind. */
static void print_positional(const tb_command *command, tb_buffer *out)
{
    const char *kind = tb_completion_positional_kind(command);
    const char *which = command->positional_max > 1 ? "*" : "1";
    tb_buffer words = {0};
    tb_completion_words(command, &words);
    if (words.length > 0) {
        tb_buffer_printf(out, " \\\n        '1:what:(%s)'", words.data + 1);
        if (command->positional_max > 1) {
            tb_buffer_text(out, " '2:name:->name'");
        }
    } else if (kind != NULL) {
        tb_buffer_printf(out, " \\\n        '%s:name: _tilebound_names %s'", which, kind);
    } else if (tb_completion_positional_is_file(command)) {
        tb_buffer_printf(out, " \\\n        '%s:file:_files'", which);
    }
    tb_buffer_free(&words);
}

static void print_command(const tb_command *command, tb_buffer *out)
{
    bool has_names = command->word_count > 0 && command->positional_max > 1;
    tb_buffer_printf(out, "\n_tilebound_%s()\n{\n", command->name);
    if (has_names) {
        tb_buffer_text(out, "    local context state state_descr line\n    typeset -A opt_args\n");
    }
    tb_buffer_text(out, "    _arguments -S \\\n");
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g].count; i++) {
            print_option(&command->groups[g].options[i], out);
        }
    }
    tb_buffer_text(out, "        '(- *)'{-h,--help}'[show this help]'");
    print_positional(command, out);
    if (has_names) {
        tb_buffer_text(out,
                       " && return\n    [[ $state == name ]] && _tilebound_names ${(Q)line[1]}");
    }
    tb_buffer_text(out, "\n}\n");
}

static void print_entry(tb_buffer *out)
{
    tb_buffer_text(out, "\n_tilebound()\n{\n"
                        "    local curcontext=$curcontext context state state_descr line\n"
                        "    typeset -A opt_args\n"
                        "    local -a commands\n"
                        "    commands=(\n");
    for (size_t i = 0; i < tb_command_count; i++) {
        tb_buffer_printf(out, "        '%s:", tb_commands[i]->name);
        print_quoted(out, tb_commands[i]->summary, ":\\");
        tb_buffer_text(out, "'\n");
    }
    tb_buffer_text(out, "    )\n"
                        "    _arguments -C '(- *)'{-h,--help}'[list the commands]' \\\n"
                        "        '(- *)--version[print the version]' \\\n"
                        "        '1:command:->command' '*:: :->rest' && return\n"
                        "    case $state in\n"
                        "    command) _describe -t commands command commands ;;\n"
                        "    rest)\n"
                        "        curcontext=${curcontext%:*:*}:tilebound-$words[1]:\n"
                        "        (( $+functions[_tilebound_$words[1]] )) && "
                        "_tilebound_$words[1]\n"
                        "        ;;\n"
                        "    esac\n}\n");
}

void tb_completion_zsh(tb_buffer *out)
{
    tb_buffer_text(out, "#compdef tilebound\n"
                        "# zsh completion for tilebound; made by 'tilebound completion zsh'\n\n"
                        "# Known names of a kind, and files in their place; charts have none.\n"
                        "_tilebound_names()\n{\n"
                        "    local -a names\n"
                        "    names=(${(f)\"$(tilebound list $1 --names 2>/dev/null)\"})\n"
                        "    if [[ $1 == (charts|patterns) ]]; then\n"
                        "        _wanted names expl $1 compadd -a names\n"
                        "    else\n"
                        "        _alternative \"names:${1}:compadd -a names\" 'files:file:_files'\n"
                        "    fi\n}\n");
    for (size_t i = 0; i < tb_command_count; i++) {
        print_command(tb_commands[i], out);
    }
    print_entry(out);
    /* Loaded by compinit it is the body of _tilebound, sourced it only defines. */
    tb_buffer_text(out, "\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
                        "    _tilebound \"$@\"\n"
                        "else\n"
                        "    compdef _tilebound tilebound\n"
                        "fi\n");
}
