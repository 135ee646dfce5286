/* The home of muParser in models/: its functions and constants are replaced by the few that
 * mechanism files document, so that what a file may say does not depend on the library's version.
 */
#include "expression.h"

#include "text.h"

#include <math.h>
#include <muParserDLL.h>
#include <stdlib.h>
#include <string.h>

#define EXPRESSION_MAX 512 /* characters */

/* muParser's error codes that we word ourselves. */
enum { UNKNOWN_TOKEN = 1 };

static double call_min(const double *values, int count)
{
    double least = values[0];
    for (int i = 1; i < count; i++) {
        least = fmin(least, values[i]);
    }
    return least;
}

static double call_max(const double *values, int count)
{
    double most = values[0];
    for (int i = 1; i < count; i++) {
        most = fmax(most, values[i]);
    }
    return most;
}

static const struct {
    const char *name;
    double (*call)(double);
} functions[] = {{"ceil", ceil}, {"floor", floor}, {"sqrt", sqrt}, {"log2", log2}, {"exp", exp}};

#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

/* Names beside the caller's, for "did you mean". */
static const char *const own_names[] = {"ceil", "floor", "sqrt", "log2", "exp",
                                        "min",  "max",   "true", "false"};
#define OWN_NAME_COUNT (sizeof own_names / sizeof *own_names)

static void define(muParserHandle_t parser, const tb_names *names)
{
    mupClearFun(parser);
    mupClearConst(parser);
    mupDefineMultFun(parser, "min", call_min, 1);
    mupDefineMultFun(parser, "max", call_max, 1);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        mupDefineFun1(parser, functions[i].name, functions[i].call, 1);
    }
    mupDefineConst(parser, "true", 1);
    mupDefineConst(parser, "false", 0);
    for (size_t i = 0; i < names->count; i++) {
        mupDefineConst(parser, names->name[i], names->value[i]);
    }
}

static const char *nearest_name(const char *token, const tb_names *names)
{
    const char **all = calloc(names->count + OWN_NAME_COUNT, sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < names->count; i++) {
        all[i] = names->name[i];
    }
    for (size_t i = 0; i < OWN_NAME_COUNT; i++) {
        all[names->count + i] = own_names[i];
    }
    const char *nearest = tb_text_nearest(token, all, names->count + OWN_NAME_COUNT);
    free(all);
    return nearest;
}

/* The word at the beginning of what muParser could not read: an operator may follow it. */
static const char *first_word(const char *rest, char out[static 64])
{
    size_t length = strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_");
    length = length < 63 ? length : 63;
    memcpy(out, rest, length);
    out[length] = '\0';
    return out;
}

static tb_status complain(muParserHandle_t parser, const tb_yaml_node *node, const char *text,
                          const tb_names *names, tb_error *err)
{
    int at = mupGetErrorPos(parser);
    char word[64] = "";
    if (mupGetErrorCode(parser) == UNKNOWN_TOKEN && at >= 0 && (size_t)at < strlen(text)) {
        first_word(text + at, word);
    }
    if (word[0] != '\0') {
        const char *nearest = nearest_name(word, names);
        return nearest != NULL
                   ? tb_yaml_fail(node, err, "'%s' stands for nothing in '%s'; did you mean '%s'?",
                                  word, text, nearest)
                   : tb_yaml_fail(node, err,
                                  "'%s' stands for nothing in '%s'; give a parameter, a derived "
                                  "value, or N, B, H, Hkv, G, D, Dv, bytes",
                                  word, text);
    }
    return tb_yaml_fail(node, err,
                        "'%s' is no expression (at character %d); give a number or + - "
                        "* / ^ of names, min max ceil floor sqrt log2 exp",
                        text, at + 1);
}

static tb_status evaluate(const tb_yaml_node *node, const char *text, const tb_names *names,
                          double *out, tb_error *err)
{
    muParserHandle_t parser = mupCreate(muBASETYPE_FLOAT);
    if (parser == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an expression");
    }
    define(parser, names);
    mupSetExpr(parser, text);
    int results = 0;
    const double *values = mupError(parser) ? NULL : mupEvalMulti(parser, &results);
    double value = values != NULL && results > 0 ? values[results - 1] : 0;
    tb_status status = TB_OK;
    if (mupError(parser)) {
        status = complain(parser, node, text, names, err);
    } else if (results != 1) {
        status = tb_yaml_fail(node, err, "'%s' has %d values; one is needed", text, results);
    } else if (!isfinite(value)) {
        status =
            tb_yaml_fail(node, err, "'%s' is no finite number; is something divided by 0?", text);
    }
    mupRelease(parser);
    if (status == TB_OK) {
        *out = value;
    }
    return status;
}

tb_status tb_expression_value(const tb_yaml_node *node, const tb_names *names, double *out,
                              tb_error *err)
{
    const char *text = NULL;
    if (!tb_yaml_is_scalar(node)) {
        return tb_yaml_fail(node, err, "a number or an expression is needed here");
    }
    tb_status status = tb_yaml_text(node, &text, err);
    if (status != TB_OK || tb_text_double(text, out)) {
        return status;
    }
    if (strlen(text) > EXPRESSION_MAX) {
        return tb_yaml_fail(node, err, "an expression of more than %d characters; make it shorter",
                            EXPRESSION_MAX);
    }
    return evaluate(node, text, names, out, err);
}
