/* Option tables: the one description that the parser, --help, the completion and the manual
 * are made from. */
#ifndef TB_OPTIONS_H
#define TB_OPTIONS_H

#include "buffer.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_LIST_MAX 4

/* What an option stores at its offset in the command's arguments; all start zeroed. */
typedef struct tb_arg_int {
    bool given;
    int64_t value;
} tb_arg_int;

typedef struct tb_arg_double {
    bool given;
    double value;
} tb_arg_double;

typedef struct tb_arg_choice {
    bool given;
    int index; /* into the option's choices */
} tb_arg_choice;

typedef struct tb_arg_list {
    size_t count; /* 0 = not given */
    int64_t values[TB_LIST_MAX];
} tb_arg_list;

#define TB_TEXTS_MAX 16

typedef struct tb_arg_texts {
    size_t count;
    const char *values[TB_TEXTS_MAX];
} tb_arg_texts;

typedef enum tb_option_kind {
    TB_OPTION_FLAG,   /* bool */
    TB_OPTION_TEXT,   /* const char *, NULL = not given */
    TB_OPTION_TEXTS,  /* tb_arg_texts: may be given several times */
    TB_OPTION_INT,    /* tb_arg_int, min to max */
    TB_OPTION_DOUBLE, /* tb_arg_double, min to max */
    TB_OPTION_LIST,   /* tb_arg_list, each min to max */
    TB_OPTION_CHOICE  /* tb_arg_choice */
} tb_option_kind;

typedef struct tb_option {
    const char *name; /* without the dashes */
    char letter;      /* '\0' = none */
    tb_option_kind kind;
    const char *argument; /* what --help calls the value; NULL for a flag */
    const char *help;
    size_t offset;              /* into the group's struct */
    int64_t min, max;           /* of a number */
    const char *const *choices; /* of a choice */
    size_t choice_count;
} tb_option;

/** Options that several commands share; `offset` is where their struct lies in the arguments. */
typedef struct tb_option_group {
    const char *title;
    const tb_option *options;
    size_t count;
    size_t offset;
} tb_option_group;

typedef struct tb_example {
    const char *command; /* a whole line, as typed; run by the tests */
    const char *what;
} tb_example;

#define TB_POSITIONAL_MAX 16

typedef struct tb_command {
    const char *name;
    const char *group;        /* title in the list of commands */
    const char *summary;      /* one line */
    const char *positional;   /* "KIND [NAME]" or NULL */
    const char *const *words; /* values of the first positional, for completion */
    size_t word_count;
    const char *description; /* of --help; may have several lines */
    const tb_option_group *groups;
    size_t group_count;
    const tb_example *examples;
    size_t example_count;
    size_t args_size;
    size_t positional_min, positional_max;
    /** args: the parsed struct; positional: NULL-terminated. Returns the status of the command. */
    tb_status (*run)(const void *args, const char *const *positional, tb_error *err);
} tb_command;

/**
 * Parse a command's arguments.
 *
 * @param[in]  words, count  what follows the command's name
 * @param[out] args          zeroed struct of command->args_size
 * @param[out] positional    room for TB_POSITIONAL_MAX + 1 entries; NULL-terminated
 * @param[out] wants_help    --help or -h was seen (the rest is not checked)
 * @return TB_OK; TB_EINVAL naming the option, the nearest known one, or what would be right
 */
TB_NODISCARD tb_status tb_options_parse(const tb_command *command, char *const *words, size_t count,
                                        void *args, const char **positional, bool *wants_help,
                                        tb_error *err);

/** Append what an option's value is called: "table|json|csv", "FILE"; nothing for a flag. */
void tb_option_value(const tb_option *option, tb_buffer *out);

/** Print a command's help. */
void tb_options_help(const tb_command *command, tb_buffer *out);

#endif
