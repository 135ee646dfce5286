#include "yaml_doc.h"

#include "text.h"
#include "yaml_tree.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Characters of a scalar that a message shows. */
#define SHOWN_BYTES 60

typedef struct shown {
    char text[SHOWN_BYTES + 8];
} shown;

/* A node as messages quote it: "'tensor'", "a list", "null". */
static shown show(const tb_yaml_node *node)
{
    shown made;
    if (node->kind != TB_YAML_SCALAR) {
        static const char *const names[] = {"null", "", "a list", "a mapping"};
        (void)snprintf(made.text, sizeof made.text, "%s", names[node->kind]);
        return made;
    }
    size_t length = 0, step;
    while ((step = tb_text_utf8_step(node->as.text + length)) != 0 &&
           length + step <= SHOWN_BYTES) {
        length += step;
    }
    const char *more = node->as.text[length] == '\0' ? "" : "...";
    (void)snprintf(made.text, sizeof made.text, "'%.*s%s'", (int)length, node->as.text, more);
    return made;
}

tb_status tb_yaml_fail(const tb_yaml_node *node, tb_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status =
        tb_fail_at_v(err, TB_EFILE, node->doc->name, node->line, node->column, format, arguments);
    va_end(arguments);
    return status;
}

bool tb_yaml_is_null_text(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

const tb_yaml_node *tb_yaml_root(const tb_yaml *doc)
{
    return doc->root;
}

bool tb_yaml_is_map(const tb_yaml_node *node)
{
    return node != NULL && node->kind == TB_YAML_MAP;
}

bool tb_yaml_is_list(const tb_yaml_node *node)
{
    return node != NULL && node->kind == TB_YAML_LIST;
}

bool tb_yaml_is_scalar(const tb_yaml_node *node)
{
    return node != NULL && node->kind == TB_YAML_SCALAR;
}

bool tb_yaml_is_null(const tb_yaml_node *node)
{
    return node != NULL && node->kind == TB_YAML_NULL;
}

size_t tb_yaml_count(const tb_yaml_node *node)
{
    return (size_t)node->count;
}

const tb_yaml_node *tb_yaml_item(const tb_yaml_node *node, size_t i)
{
    assert(i < tb_yaml_count(node));
    return node->kind == TB_YAML_MAP ? &node->as.items[2 * i + 1] : &node->as.items[i];
}

const tb_yaml_node *tb_yaml_key_node(const tb_yaml_node *node, size_t i)
{
    assert(node->kind == TB_YAML_MAP && i < tb_yaml_count(node));
    return &node->as.items[2 * i];
}

const char *tb_yaml_key(const tb_yaml_node *node, size_t i)
{
    return tb_yaml_key_node(node, i)->as.text;
}

/* The value of a key, null or not; NULL when absent. */
static const tb_yaml_node *find(const tb_yaml_node *node, const char *key)
{
    for (size_t i = 0; tb_yaml_is_map(node) && i < tb_yaml_count(node); i++) {
        if (strcmp(tb_yaml_key(node, i), key) == 0) {
            return tb_yaml_item(node, i);
        }
    }
    return NULL;
}

const tb_yaml_node *tb_yaml_get(const tb_yaml_node *node, const char *key)
{
    const tb_yaml_node *value = find(node, key);
    return tb_yaml_is_null(value) ? NULL : value;
}

tb_status tb_yaml_need(const tb_yaml_node *node, const char *key, const tb_yaml_node **out,
                       tb_error *err)
{
    if (!tb_yaml_is_map(node)) {
        return tb_yaml_fail(node, err, "%s; needs a mapping with key '%s'", show(node).text, key);
    }
    const tb_yaml_node *value = find(node, key);
    if (value == NULL) {
        return tb_yaml_fail(node, err, "needs key '%s'", key);
    }
    if (tb_yaml_is_null(value)) {
        return tb_yaml_fail(value, err, "key '%s' is null; needs a value", key);
    }
    *out = value;
    return TB_OK;
}

tb_status tb_yaml_check_schema(const tb_yaml *doc, const char *kind, tb_error *err)
{
    char wanted[96];
    (void)snprintf(wanted, sizeof wanted, "tilebound/%s/1", kind);
    if (!tb_yaml_is_map(doc->root)) {
        return tb_yaml_fail(doc->root, err, "%s; needs a mapping with schema: %s",
                            show(doc->root).text, wanted);
    }
    const tb_yaml_node *schema = find(doc->root, "schema");
    if (schema == NULL) {
        return tb_yaml_fail(doc->root, err, "needs key 'schema', as schema: %s", wanted);
    }
    if (!tb_yaml_is_scalar(schema) || strcmp(schema->as.text, wanted) != 0) {
        return tb_yaml_fail(schema, err, "schema is %s; needs %s", show(schema).text, wanted);
    }
    return TB_OK;
}

static size_t count_names(const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    return count;
}

/* "; did you mean 'window'?", or else the names: "; known keys are a, b, c". */
static void advise(const char *text, const char *const *names, size_t count, const char *are,
                   char *advice, size_t capacity)
{
    const char *nearest = tb_text_nearest(text, names, count);
    if (nearest != NULL) {
        (void)snprintf(advice, capacity, "; did you mean '%s'?", nearest);
        return;
    }
    size_t length = (size_t)snprintf(advice, capacity, "; %s", are);
    for (size_t i = 0; i < count && length < capacity; i++) {
        length += (size_t)snprintf(advice + length, capacity - length, "%s%s", i == 0 ? " " : ", ",
                                   names[i]);
    }
}

static bool is_name(const char *text, const char *const *names, size_t count, size_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

tb_status tb_yaml_check_keys(const tb_yaml_node *node, const char *const *keys, tb_error *err)
{
    size_t count = count_names(keys), ignored;
    char advice[640];
    if (!tb_yaml_is_map(node)) {
        advise("", keys, count, "the keys are", advice, sizeof advice);
        return tb_yaml_fail(node, err, "%s; needs a mapping%s", show(node).text, advice);
    }
    for (size_t i = 0; i < tb_yaml_count(node); i++) {
        const tb_yaml_node *key = tb_yaml_key_node(node, i);
        if (!is_name(key->as.text, keys, count, &ignored)) {
            advise(key->as.text, keys, count, "the known keys are", advice, sizeof advice);
            return tb_yaml_fail(key, err, "unknown key %s%s", show(key).text, advice);
        }
    }
    return TB_OK;
}

tb_status tb_yaml_choice(const tb_yaml_node *node, const char *const *names, size_t count,
                         size_t *out, tb_error *err)
{
    if (tb_yaml_is_scalar(node) && is_name(node->as.text, names, count, out)) {
        return TB_OK;
    }
    char advice[640];
    const char *text = tb_yaml_is_scalar(node) ? node->as.text : "";
    advise(text, names, count, "needs one of", advice, sizeof advice);
    return tb_yaml_fail(node, err, "%s is not known here%s", show(node).text, advice);
}

/* "an integer from 1 to 64", leaving out bounds that are none. */
static void describe_ints(int64_t min, int64_t max, char text[static 80])
{
    if (min == INT64_MIN && max == INT64_MAX) {
        (void)snprintf(text, 80, "an integer");
    } else if (max == INT64_MAX) {
        (void)snprintf(text, 80, "an integer of at least %lld", (long long)min);
    } else if (min == INT64_MIN) {
        (void)snprintf(text, 80, "an integer of at most %lld", (long long)max);
    } else {
        (void)snprintf(text, 80, "an integer from %lld to %lld", (long long)min, (long long)max);
    }
}

/* "010" is eight to some YAML readers and ten to others. */
static bool has_leading_zero(const char *text)
{
    text += *text == '-';
    return text[0] == '0' && text[1] != '\0';
}

tb_status tb_yaml_int(const tb_yaml_node *node, int64_t min, int64_t max, int64_t *out,
                      tb_error *err)
{
    char wanted[80];
    int64_t value;
    describe_ints(min, max, wanted);
    if (tb_yaml_is_scalar(node) && !node->plain) {
        return tb_yaml_fail(node, err, "%s is quoted; needs %s without quotes", show(node).text,
                            wanted);
    }
    if (tb_yaml_is_scalar(node) && tb_text_is_int(node->as.text) &&
        !has_leading_zero(node->as.text) && !tb_text_int(node->as.text, &value)) {
        return tb_yaml_fail(node, err, "%s is out of range; needs %s", show(node).text, wanted);
    }
    if (!tb_yaml_is_scalar(node) || has_leading_zero(node->as.text) ||
        !tb_text_int(node->as.text, &value)) {
        return tb_yaml_fail(node, err, "%s is not a plain decimal integer; needs %s",
                            show(node).text, wanted);
    }
    if (value < min || value > max) {
        return tb_yaml_fail(node, err, "%s is out of range; needs %s", show(node).text, wanted);
    }
    *out = value;
    return TB_OK;
}

/* "a number from 0 to 1", leaving out bounds that are infinite. */
static void describe_doubles(double min, double max, char text[static 96])
{
    char low[32], high[32];
    if (isinf(min) && isinf(max)) {
        (void)snprintf(text, 96, "a number");
    } else if (isinf(max)) {
        (void)snprintf(text, 96, "a number of at least %s", tb_text_shortest(min, low));
    } else if (isinf(min)) {
        (void)snprintf(text, 96, "a number of at most %s", tb_text_shortest(max, high));
    } else {
        (void)snprintf(text, 96, "a number from %s to %s", tb_text_shortest(min, low),
                       tb_text_shortest(max, high));
    }
}

tb_status tb_yaml_double(const tb_yaml_node *node, double min, double max, double *out,
                         tb_error *err)
{
    char wanted[96];
    double value;
    describe_doubles(min, max, wanted);
    if (tb_yaml_is_scalar(node) && !node->plain) {
        return tb_yaml_fail(node, err, "%s is quoted; needs %s without quotes", show(node).text,
                            wanted);
    }
    if (!tb_yaml_is_scalar(node) || !tb_text_double(node->as.text, &value)) {
        return tb_yaml_fail(node, err, "%s is not a finite decimal number; needs %s",
                            show(node).text, wanted);
    }
    if (value < min || value > max) {
        return tb_yaml_fail(node, err, "%s is out of range; needs %s", show(node).text, wanted);
    }
    *out = value;
    return TB_OK;
}

tb_status tb_yaml_bool(const tb_yaml_node *node, bool *out, tb_error *err)
{
    static const char *const names[] = {"false", "true"};
    size_t value;
    if (!tb_yaml_is_scalar(node) || !node->plain || !is_name(node->as.text, names, 2, &value)) {
        return tb_yaml_fail(node, err, "%s is not a boolean; needs true or false, without quotes",
                            show(node).text);
    }
    *out = value == 1;
    return TB_OK;
}

tb_status tb_yaml_text(const tb_yaml_node *node, const char **out, tb_error *err)
{
    if (!tb_yaml_is_scalar(node)) {
        return tb_yaml_fail(node, err, "%s; needs text", show(node).text);
    }
    *out = node->as.text;
    return TB_OK;
}

static tb_status check_list(const tb_yaml_node *node, size_t capacity, const char *of,
                            const char *example, tb_error *err)
{
    if (!tb_yaml_is_list(node)) {
        return tb_yaml_fail(node, err, "%s; needs a list of %s, such as %s", show(node).text, of,
                            example);
    }
    if (tb_yaml_count(node) > capacity) {
        return tb_yaml_fail(node, err, "a list of %zu; needs at most %zu %s", tb_yaml_count(node),
                            capacity, of);
    }
    return TB_OK;
}

tb_status tb_yaml_int_list(const tb_yaml_node *node, size_t capacity, int64_t min, int64_t max,
                           int64_t *out, size_t *count, tb_error *err)
{
    tb_status status = check_list(node, capacity, "integers", "[30, 48, 80]", err);
    int64_t value;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(node); i++) {
        status = tb_yaml_int(tb_yaml_item(node, i), min, max, &value, err);
    }
    if (status != TB_OK) {
        return status;
    }
    *count = tb_yaml_count(node);
    for (size_t i = 0; i < *count; i++) { /* checked above, so that failure writes nothing */
        (void)tb_text_int(tb_yaml_item(node, i)->as.text, &out[i]);
    }
    return TB_OK;
}

tb_status tb_yaml_bool_list(const tb_yaml_node *node, size_t capacity, bool *out, size_t *count,
                            tb_error *err)
{
    tb_status status = check_list(node, capacity, "booleans", "[true, false]", err);
    bool value;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(node); i++) {
        status = tb_yaml_bool(tb_yaml_item(node, i), &value, err);
    }
    if (status != TB_OK) {
        return status;
    }
    *count = tb_yaml_count(node);
    for (size_t i = 0; i < *count; i++) { /* checked above, so that failure writes nothing */
        out[i] = strcmp(tb_yaml_item(node, i)->as.text, "true") == 0;
    }
    return TB_OK;
}
