#include "options.h"

#include "text.h"

#include <string.h>

#define MAX_OPTIONS 128

/* One option of a command and the address that it fills. */
typedef struct target {
    const tb_option *option;
    void *address;
} target;

static const tb_option *option_at(const tb_command *command, size_t i, size_t *group_offset)
{
    for (size_t g = 0; g < command->group_count; g++) {
        if (i < command->groups[g].count) {
            *group_offset = command->groups[g].offset;
            return &command->groups[g].options[i];
        }
        i -= command->groups[g].count;
    }
    return NULL;
}

static bool find_option(const tb_command *command, const char *name, size_t length, char letter,
                        void *args, target *out)
{
    size_t group_offset = 0;
    const tb_option *option;
    for (size_t i = 0; (option = option_at(command, i, &group_offset)) != NULL; i++) {
        bool same = letter != '\0' ? option->letter == letter
                                   : strlen(option->name) == length &&
                                         strncmp(option->name, name, length) == 0;
        if (same) {
            *out =
                (target){.option = option, .address = (char *)args + group_offset + option->offset};
            return true;
        }
    }
    return false;
}

static tb_status unknown_option(const tb_command *command, const char *word, size_t length,
                                tb_error *err)
{
    const char *names[MAX_OPTIONS];
    char name[64];
    size_t count = 0, group_offset = 0;
    const tb_option *option;
    while (count < MAX_OPTIONS && (option = option_at(command, count, &group_offset)) != NULL) {
        names[count++] = option->name;
    }
    const char *nearest = NULL;
    if (strncmp(word, "--", 2) == 0 && length - 2 < sizeof name) {
        memcpy(name, word + 2, length - 2);
        name[length - 2] = '\0';
        nearest = tb_text_nearest(name, names, count);
    }
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "unknown option '%.*s'; did you mean '--%s'?", (int)length,
                       word, nearest);
    }
    return tb_fail(err, TB_EINVAL, "unknown option '%.*s'; 'tilebound %s --help' lists them",
                   (int)length, word, command->name);
}

static tb_status bad_value(const tb_option *option, const char *value, const char *wanted,
                           tb_error *err)
{
    return tb_fail(err, TB_EINVAL, "--%s '%s' is not %s", option->name, value, wanted);
}

static tb_status check_range(const tb_option *option, int64_t value, tb_error *err)
{
    if (value >= option->min && value <= option->max) {
        return TB_OK;
    }
    if (option->max == INT64_MAX) {
        return tb_fail(err, TB_EINVAL, "--%s %lld is out of range; it must be at least %lld",
                       option->name, (long long)value, (long long)option->min);
    }
    return tb_fail(err, TB_EINVAL, "--%s %lld is out of range; it must be from %lld to %lld",
                   option->name, (long long)value, (long long)option->min, (long long)option->max);
}

static tb_status repeated(const tb_option *option, tb_error *err)
{
    return tb_fail(err, TB_EINVAL, "--%s is given twice; give it once", option->name);
}

static tb_status set_int(const tb_option *option, const char *value, tb_arg_int *out, tb_error *err)
{
    if (out->given) {
        return repeated(option, err);
    }
    if (!tb_text_int(value, &out->value)) {
        return bad_value(
            option, value,
            tb_text_is_int(value) ? "a number that 64 bits hold" : "a whole decimal number", err);
    }
    out->given = true;
    return check_range(option, out->value, err);
}

static tb_status set_double(const tb_option *option, const char *value, tb_arg_double *out,
                            tb_error *err)
{
    if (out->given) {
        return repeated(option, err);
    }
    if (!tb_text_double(value, &out->value)) {
        return bad_value(option, value, "a decimal number", err);
    }
    out->given = true;
    if (out->value < (double)option->min || out->value > (double)option->max) {
        return tb_fail(err, TB_EINVAL, "--%s %s is out of range; it must be from %lld to %lld",
                       option->name, value, (long long)option->min, (long long)option->max);
    }
    return TB_OK;
}

static tb_status set_list(const tb_option *option, const char *value, tb_arg_list *out,
                          tb_error *err)
{
    if (out->count > 0) {
        return repeated(option, err);
    }
    if (!tb_text_int_list(value, TB_LIST_MAX, out->values, &out->count) || out->count == 0) {
        return bad_value(option, value, "1 to 4 whole numbers joined by 'x' or ',', as 30x48x80",
                         err);
    }
    for (size_t i = 0; i < out->count; i++) {
        tb_status status = check_range(option, out->values[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

static tb_status set_choice(const tb_option *option, const char *value, tb_arg_choice *out,
                            tb_error *err)
{
    size_t count = 0;
    char known[256] = "";
    if (out->given) {
        return repeated(option, err);
    }
    for (; count < option->choice_count; count++) {
        if (strcmp(option->choices[count], value) == 0) {
            *out = (tb_arg_choice){.given = true, .index = (int)count};
            return TB_OK;
        }
        if (strlen(known) + strlen(option->choices[count]) + 3 < sizeof known) {
            strcat(known, count == 0 ? "" : ", ");
            strcat(known, option->choices[count]);
        }
    }
    const char *nearest = tb_text_nearest(value, option->choices, count);
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "--%s '%s' is unknown; did you mean '%s'?", option->name,
                       value, nearest);
    }
    return tb_fail(err, TB_EINVAL, "--%s '%s' is unknown; it is one of %s", option->name, value,
                   known);
}

static tb_status set_texts(const tb_option *option, const char *value, tb_arg_texts *out,
                           tb_error *err)
{
    if (out->count == TB_TEXTS_MAX) {
        return tb_fail(err, TB_EINVAL, "--%s is given more than %d times", option->name,
                       TB_TEXTS_MAX);
    }
    out->values[out->count++] = value;
    return TB_OK;
}

static tb_status set_value(const target *to, const char *value, tb_error *err)
{
    const tb_option *option = to->option;
    const char **text = to->address;
    switch (option->kind) {
    case TB_OPTION_INT:
        return set_int(option, value, to->address, err);
    case TB_OPTION_DOUBLE:
        return set_double(option, value, to->address, err);
    case TB_OPTION_LIST:
        return set_list(option, value, to->address, err);
    case TB_OPTION_CHOICE:
        return set_choice(option, value, to->address, err);
    case TB_OPTION_TEXTS:
        return set_texts(option, value, to->address, err);
    default:
        if (*text != NULL) {
            return repeated(option, err);
        }
        if (value[0] == '\0') {
            return tb_fail(err, TB_EINVAL, "--%s is empty; give %s", option->name,
                           option->argument);
        }
        *text = value;
        return TB_OK;
    }
}

static tb_status set_flag(const target *to, const char *attached, tb_error *err)
{
    bool *flag = to->address;
    if (attached != NULL) {
        return tb_fail(err, TB_EINVAL, "--%s takes no value", to->option->name);
    }
    if (*flag) {
        return repeated(to->option, err);
    }
    *flag = true;
    return TB_OK;
}

static tb_status needs_value(const tb_option *option, tb_error *err)
{
    char known[256] = "";
    for (size_t i = 0; i < option->choice_count; i++) {
        if (strlen(known) + strlen(option->choices[i]) + 3 < sizeof known) {
            strcat(known, i == 0 ? "" : ", ");
            strcat(known, option->choices[i]);
        }
    }
    return tb_fail(err, TB_EINVAL, "--%s needs a value: %s", option->name,
                   option->argument != NULL ? option->argument : known);
}

/* An option word and, where it needs one, its value: attached by '=' (long) or directly (short), or
 * the next word. *used counts the words taken. */
static tb_status parse_option(const tb_command *command, char *const *words, size_t left,
                              void *args, size_t *used, tb_error *err)
{
    const char *word = words[0], *attached = NULL;
    size_t length = strlen(word);
    target to;
    bool found;
    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        if (equals != NULL) {
            attached = equals + 1;
            length = (size_t)(equals - word);
        }
        found = find_option(command, word + 2, length - 2, '\0', args, &to);
    } else {
        if (word[2] != '\0') {
            attached = word + 2 + (word[2] == '=');
            length = 2;
        }
        found = find_option(command, NULL, 0, word[1], args, &to);
    }
    *used = 1;
    if (!found) {
        return unknown_option(command, word, length, err);
    }
    if (to.option->kind == TB_OPTION_FLAG) {
        return set_flag(&to, attached, err);
    }
    if (attached == NULL) {
        if (left < 2) {
            return needs_value(to.option, err);
        }
        attached = words[1];
        *used = 2;
    }
    return set_value(&to, attached, err);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static tb_status check_positional(const tb_command *command, size_t count, tb_error *err)
{
    if (count >= command->positional_min) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL, "'tilebound %s' needs %s; see 'tilebound %s --help'",
                   command->name, command->positional, command->name);
}

tb_status tb_options_parse(const tb_command *command, char *const *words, size_t count, void *args,
                           const char **positional, bool *wants_help, tb_error *err)
{
    size_t positional_count = 0;
    bool only_positional = false;
    *wants_help = false;
    for (size_t i = 0; i < count && !*wants_help; i++) {
        *wants_help = is_help(words[i]);
    }
    for (size_t i = 0; !*wants_help && i < count;) {
        const char *word = words[i];
        if (!only_positional && strcmp(word, "--") == 0) {
            only_positional = true;
            i++;
        } else if (!only_positional && word[0] == '-' && word[1] != '\0') {
            size_t used = 0;
            tb_status status = parse_option(command, words + i, count - i, args, &used, err);
            if (status != TB_OK) {
                return status;
            }
            i += used;
        } else if (positional_count < command->positional_max) {
            positional[positional_count++] = word;
            i++;
        } else {
            return tb_fail(err, TB_EINVAL, "unexpected '%s'; see 'tilebound %s --help'", word,
                           command->name);
        }
    }
    positional[positional_count] = NULL;
    return *wants_help ? TB_OK : check_positional(command, positional_count, err);
}

void tb_option_value(const tb_option *option, tb_buffer *out)
{
    if (option->kind != TB_OPTION_CHOICE) {
        tb_buffer_text(out, option->argument != NULL ? option->argument : "");
        return;
    }
    for (size_t i = 0; i < option->choice_count; i++) {
        tb_buffer_printf(out, "%s%s", i == 0 ? "" : "|", option->choices[i]);
    }
}

static void print_option(const tb_option *option, tb_buffer *out)
{
    tb_buffer left = {0};
    if (option->letter != '\0') {
        tb_buffer_printf(&left, "  -%c, --%s", option->letter, option->name);
    } else {
        tb_buffer_printf(&left, "      --%s", option->name);
    }
    if (option->kind != TB_OPTION_FLAG) {
        tb_buffer_text(&left, " ");
        tb_option_value(option, &left);
    }
    if (left.length <= 30) {
        tb_buffer_printf(out, "%-32s%s\n", left.data, option->help);
    } else {
        tb_buffer_printf(out, "%s\n%32s%s\n", left.data, "", option->help);
    }
    tb_buffer_free(&left);
}

void tb_options_help(const tb_command *command, tb_buffer *out)
{
    tb_buffer_printf(out, "%s\n\nUsage: tilebound %s%s%s [options]\n\n%s\n", command->summary,
                     command->name, command->positional != NULL ? " " : "",
                     command->positional != NULL ? command->positional : "", command->description);
    for (size_t g = 0; g < command->group_count; g++) {
        tb_buffer_printf(out, "\n%s:\n", command->groups[g].title);
        for (size_t i = 0; i < command->groups[g].count; i++) {
            print_option(&command->groups[g].options[i], out);
        }
    }
    tb_buffer_printf(out, "  -h, --help                    show this help\n\nExamples:\n");
    for (size_t i = 0; i < command->example_count; i++) {
        tb_buffer_printf(out, "%s  # %s\n  %s\n", i == 0 ? "" : "\n", command->examples[i].what,
                         command->examples[i].command);
    }
}
