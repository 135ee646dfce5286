/* The table of commands, top-level help, exit codes, interrupts. */
#include "commands.h"

#include "file.h"
#include "init.h"
#include "text.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_INTERRUPTED 130

const tb_command *const tb_commands[] = {
    &tb_cmd_predict, &tb_cmd_explain, &tb_cmd_search,     &tb_cmd_sweep,
    &tb_cmd_mask,    &tb_cmd_audit,   &tb_cmd_measure,    &tb_cmd_calibrate,
    &tb_cmd_compare, &tb_cmd_import,  &tb_cmd_plot,       &tb_cmd_report,
    &tb_cmd_list,    &tb_cmd_doctor,  &tb_cmd_completion, &tb_cmd_manual};
const size_t tb_command_count = sizeof tb_commands / sizeof *tb_commands;

/* The exit codes are a contract: README and docs list them, tests/cli/exit-codes.cases checks them.
 */
const tb_exit_code tb_exit_codes[] = {
    {0, "done"},
    {1, "failed"},
    {2, "usage"},
    {3, "bad input file"},
    {4, "backend or tool unavailable"},
    {5, "threshold not met"},
    {EXIT_INTERRUPTED, "interrupted"},
};
const size_t tb_exit_code_count = sizeof tb_exit_codes / sizeof *tb_exit_codes;

static int exit_code(tb_status status)
{
    static const int codes[TB_STATUS_COUNT] = {
        [TB_OK] = 0,    [TB_EINVAL] = 2,       [TB_EOVERFLOW] = 2,
        [TB_EFILE] = 3, [TB_EUNAVAILABLE] = 4, [TB_ETHRESHOLD] = 5,
        [TB_EIO] = 1,   [TB_ENOMEM] = 1,       [TB_EINTERNAL] = 1,
    };
    return codes[status];
}

static int report(const tb_error *err)
{
    (void)fputs("tilebound: ", stderr);
    if (err->file[0] != '\0') {
        (void)fprintf(stderr, "%s:", err->file);
        if (err->line > 0) {
            (void)fprintf(stderr, "%d:%d:", err->line, err->column);
        }
        (void)fputc(' ', stderr);
    }
    (void)fprintf(stderr, "%s\n", err->message);
    return exit_code(err->code);
}

/* Print a text that was built to standard output, whole. */
static int print_buffer(tb_buffer *text)
{
    tb_error err = {0};
    tb_status status = tb_buffer_check(text, &err);
    if (status == TB_OK) {
        status = tb_file_write_stdout(text->data, text->length, &err);
    }
    tb_buffer_free(text);
    return status == TB_OK ? 0 : report(&err);
}

static void print_commands(tb_buffer *out)
{
    tb_buffer_text(out, "tilebound: how fast can sparse attention possibly run on a GPU?\n\n"
                        "Usage: tilebound COMMAND [options]\n");
    const char *group = "";
    for (size_t i = 0; i < tb_command_count; i++) {
        if (strcmp(group, tb_commands[i]->group) != 0) {
            group = tb_commands[i]->group;
            tb_buffer_printf(out, "\n%s\n", group);
        }
        tb_buffer_printf(out, "  %-12s%s\n", tb_commands[i]->name, tb_commands[i]->summary);
    }
    tb_buffer_text(out, "\n'tilebound COMMAND --help' explains a command, with examples.\n"
                        "'tilebound --version' prints the version.\n\nExit codes:");
    for (size_t i = 0; i < tb_exit_code_count; i++) {
        tb_buffer_printf(out, "%s%s%d %s", i == 0 ? "" : ",", i == 4 ? "\n" : " ",
                         tb_exit_codes[i].code, tb_exit_codes[i].meaning);
    }
    tb_buffer_text(out, ".\n");
}

tb_status tb_command_find(const char *name, const tb_command **out, tb_error *err)
{
    const char *names[32];
    size_t count = 0;
    for (; count < tb_command_count && count < sizeof names / sizeof *names; count++) {
        names[count] = tb_commands[count]->name;
        if (strcmp(names[count], name) == 0) {
            *out = tb_commands[count];
            return TB_OK;
        }
    }
    const char *nearest = tb_text_nearest(name, names, count);
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "unknown command '%s'; did you mean '%s'?", name, nearest);
    }
    return tb_fail(err, TB_EINVAL, "unknown command '%s'; 'tilebound --help' lists them", name);
}

static int unexpected_word(const char *word, const char *after)
{
    tb_error err = {0};
    (void)tb_fail(&err, TB_EINVAL, "unexpected '%s' after %s; see 'tilebound --help'", word, after);
    return report(&err);
}

/* Files are replaced whole with signals blocked (base/file.h), so that nothing needs cleaning up.
 */
static void on_interrupt(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_INTERRUPTED);
}

static void catch_interrupt(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
}

static int run_command(const tb_command *command, char *const *words, size_t count)
{
    const char *positional[TB_POSITIONAL_MAX + 1] = {NULL};
    tb_error err = {0};
    bool wants_help = false;
    void *args = calloc(1, command->args_size);
    if (args == NULL) {
        (void)tb_fail(&err, TB_ENOMEM, "no memory for the arguments");
        return report(&err);
    }
    tb_status status = tb_options_parse(command, words, count, args, positional, &wants_help, &err);
    if (status == TB_OK && wants_help) {
        tb_buffer help = {0};
        tb_options_help(command, &help);
        free(args);
        return print_buffer(&help);
    }
    if (status == TB_OK) {
        status = command->run(args, positional, &err);
    }
    free(args);
    return status == TB_OK ? 0 : report(&err);
}

int tb_cli_main(int argc, char *const *argv)
{
    tb_init();
    catch_interrupt();
    tb_buffer text = {0};
    if (argc < 2) {
        print_commands(&text);
        (void)fputs(text.data != NULL ? text.data : "", stderr);
        tb_buffer_free(&text);
        return exit_code(TB_EINVAL);
    }
    const char *name = argv[1];
    bool is_version = strcmp(name, "--version") == 0, is_help = strcmp(name, "help") == 0;
    int words = is_version ? 2 : is_help ? 3 : argc; /* what follows a command is its own */
    if (argc > words) {
        return unexpected_word(argv[words], is_version ? "--version" : "help");
    }
    if (is_version) {
        tb_buffer_printf(&text, "tilebound %s\n", TB_VERSION);
        return print_buffer(&text);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (is_help && argc == 2)) {
        print_commands(&text);
        return print_buffer(&text);
    }
    const tb_command *command = NULL;
    tb_error err = {0};
    if (tb_command_find(is_help ? argv[2] : name, &command, &err) != TB_OK) {
        return report(&err);
    }
    if (is_help) {
        tb_options_help(command, &text);
        return print_buffer(&text);
    }
    return run_command(command, argv + 2, (size_t)argc - 2);
}
