/* A command of the tests with options of every kind, and its words parsed. */
#ifndef TB_PROBE_COMMAND_H
#define TB_PROBE_COMMAND_H

#include "options.h"

typedef struct tb_test_inner_args {
    tb_arg_int heads;
    tb_arg_choice format;
} tb_test_inner_args;

typedef struct tb_test_args {
    bool fast, slow;
    const char *file, *kernel;
    tb_arg_int batch, width;
    tb_arg_double least;
    tb_arg_list tile, causal;
    tb_test_inner_args inner;
} tb_test_args;

/** Command "probe KIND [NAME]". */
extern const tb_command tb_test_probe;

typedef struct tb_test_parsed {
    tb_test_args args;
    const char *positional[TB_POSITIONAL_MAX + 1];
    bool wants_help;
    tb_error err;
    tb_status status;
} tb_test_parsed;

/** Parse words that end with a NULL. What it points at lives until the next call. */
tb_test_parsed tb_test_parse(const char *const *words);

#define TB_TEST_PARSE(...) tb_test_parse((const char *const[]){__VA_ARGS__, NULL})

/** Check that they are taken. */
void tb_test_is_parsed(const tb_test_parsed *p);

/** Check that they are refused, with this message. */
void tb_test_is_refused(const tb_test_parsed *p, const char *message);

#endif
