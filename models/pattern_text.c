/* Patterns with parameters by table as text, and the short form read. */
#include "pattern_file.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

/* --- printing ----------------------------------------------------------------------------- */

/* How the pieces of a pattern are written. */
typedef enum style { STYLE_SHORT, STYLE_YAML, STYLE_WORDS } style;

static void put_key(style how, const char *key, tb_buffer *out)
{
    static const char *const begins[] = {",", ", ", " "}, *const ends[] = {"=", ": ", " "};
    tb_buffer_printf(out, "%s%s%s", begins[how], key, ends[how]);
}

static void put_integer(style how, const char *key, int64_t value, tb_buffer *out)
{
    put_key(how, key, out);
    tb_buffer_printf(out, "%lld", (long long)value);
}

static void put_flag(style how, const char *key, bool value, tb_buffer *out)
{
    if (how == STYLE_WORDS) {
        tb_buffer_printf(out, "%s%s", value ? " " : " not ", key);
        return;
    }
    put_key(how, key, out);
    tb_buffer_text(out, how == STYLE_SHORT ? value ? "1" : "0" : value ? "true" : "false");
}

/* Sizes are joined by x; a list that begins with 0, which would look like a hexadecimal number, by
 * colons. In words, a long one is counted. */
static void put_list(style how, const char *key, const int64_t *list, size_t count, tb_buffer *out)
{
    const char *joint = how == STYLE_YAML ? ", " : count > 0 && list[0] == 0 ? ":" : "x";
    put_key(how, key, out);
    if (how == STYLE_WORDS && count > 8) {
        tb_buffer_printf(out, "of %zu", count);
        return;
    }
    tb_buffer_text(out, how == STYLE_YAML ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(out, "%s%lld", i > 0 ? joint : "", (long long)list[i]);
    }
    tb_buffer_text(out, how == STYLE_YAML ? "]" : "");
}

static void put_fields(style how, const tb_pattern *pattern, int rank, tb_buffer *out)
{
    size_t dims = (size_t)rank;
    if (pattern->kind == TB_PATTERN_LOCAL) {
        put_integer(how, "left", pattern->left, out);
        put_integer(how, "right", pattern->right, out);
    }
    if (pattern->kind != TB_PATTERN_GNA) {
        return;
    }
    put_list(how, "window", pattern->window, dims, out);
    put_list(how, "stride", pattern->stride, dims, out);
    put_list(how, "dilation", pattern->dilation, dims, out);
    put_key(how, "causal", out);
    tb_buffer_text(out, how == STYLE_YAML ? "[" : "");
    for (int d = 0; d < rank; d++) {
        const char *flag = how != STYLE_YAML    ? pattern->causal[d] ? "1" : "0"
                           : pattern->causal[d] ? "true"
                                                : "false";
        tb_buffer_printf(out, "%s%s", d == 0 ? "" : how == STYLE_YAML ? ", " : "x", flag);
    }
    tb_buffer_text(out, how == STYLE_YAML ? "]" : "");
}

static void put_values(style how, const tb_pattern *pattern, tb_buffer *out)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    char number[32];
    for (int i = 0; i < type->parameter_count; i++) {
        const tb_pattern_parameter *parameter = &type->parameters[i];
        const tb_parameter_value *value = &pattern->value[i];
        if (!value->given) {
            continue;
        }
        switch (parameter->kind) {
        case TB_PARAMETER_REAL:
            put_key(how, parameter->name, out);
            tb_buffer_text(out, tb_text_shortest(value->real, number));
            break;
        case TB_PARAMETER_FLAG:
            put_flag(how, parameter->name, value->integer != 0, out);
            break;
        case TB_PARAMETER_LIST:
            put_list(how, parameter->name, value->list, value->count, out);
            break;
        default:
            put_integer(how, parameter->name, value->integer, out);
            break;
        }
    }
    if (pattern->seed != 0) {
        put_integer(how, "seed", (int64_t)pattern->seed, out);
    }
}

static void print(style how, const tb_pattern *pattern, int rank, tb_buffer *out)
{
    static const char *const opens[] = {"", "{kind: ", ""}, *const closes[] = {"", "}", ""};
    bool is_union = pattern->kind == TB_PATTERN_UNION;
    const char *joint = how == STYLE_YAML ? ", " : is_union ? "+" : "&";
    if (pattern->parts == 0 || how == STYLE_YAML) {
        tb_buffer_printf(out, "%s%s", opens[how], tb_pattern_name(pattern->kind));
        put_fields(how, pattern, rank, out);
        put_values(how, pattern, out);
    }
    tb_buffer_text(out, pattern->parts > 0 && how == STYLE_YAML ? ", parts: [" : "");
    for (int p = 0; p < pattern->parts; p++) {
        tb_buffer_text(out, p > 0 && how == STYLE_WORDS ? " " : "");
        tb_buffer_text(out, p > 0 ? joint : "");
        tb_buffer_text(out, p > 0 && how == STYLE_WORDS ? " " : "");
        bool is_nested = how == STYLE_WORDS && pattern->part[p]->parts > 0;
        tb_buffer_text(out, is_nested ? "(" : "");
        print(how, pattern->part[p], rank, out);
        tb_buffer_text(out, is_nested ? ")" : "");
    }
    tb_buffer_text(out, pattern->parts > 0 && how == STYLE_YAML ? "]" : "");
    tb_buffer_text(out, closes[how]);
}

void tb_pattern_print_yaml(const tb_pattern *pattern, int rank, tb_buffer *out)
{
    print(STYLE_YAML, pattern, rank, out);
}

void tb_pattern_print_words(const tb_pattern *pattern, int rank, tb_buffer *out)
{
    print(STYLE_WORDS, pattern, rank, out);
}

/* The short form has neither parts of parts nor a seed of the whole. */
void tb_pattern_print_text(const tb_pattern *pattern, int rank, tb_buffer *out)
{
    bool is_simple = pattern->parts == 0 || pattern->seed == 0;
    for (int p = 0; p < pattern->parts; p++) {
        is_simple = is_simple && pattern->part[p]->parts == 0;
    }
    print(is_simple ? STYLE_SHORT : STYLE_YAML, pattern, rank, out);
}

/* --- reading ------------------------------------------------------------------------------ */

/* A stretch of the short form, without spaces around it. */
typedef struct piece {
    const char *begin;
    size_t length;
} piece;

static piece trimmed(const char *begin, size_t length)
{
    while (length > 0 && *begin == ' ') {
        begin++;
        length--;
    }
    while (length > 0 && begin[length - 1] == ' ') {
        length--;
    }
    return (piece){.begin = begin, .length = length};
}

static bool is_text(piece p, const char *text)
{
    return strlen(text) == p.length && memcmp(p.begin, text, p.length) == 0;
}

/* What a key of a kind is; TOKENS of one that is not known, which the YAML reader complains of. */
static tb_parameter_kind kind_of(piece kind, piece key)
{
    for (int k = 0; k < TB_PATTERN_COUNT; k++) {
        const tb_pattern_type *type = tb_pattern_types[k];
        if (type == NULL || !is_text(kind, type->name)) {
            continue;
        }
        for (int i = 0; i < type->parameter_count; i++) {
            if (is_text(key, type->parameters[i].name)) {
                return type->parameters[i].kind;
            }
        }
        return k == TB_PATTERN_GNA ? TB_PARAMETER_LIST : TB_PARAMETER_TOKENS;
    }
    return TB_PARAMETER_TOKENS;
}

static void put_flag_value(piece value, tb_buffer *out)
{
    if (value.length == 0 || is_text(value, "1")) { /* "causal" alone means that it is */
        tb_buffer_text(out, "true");
    } else if (is_text(value, "0")) {
        tb_buffer_text(out, "false");
    } else {
        tb_buffer_append(out, value.begin, value.length);
    }
}

/* 18x24x24, 0:1000:2048. */
static void put_list_value(piece value, bool are_flags, tb_buffer *out)
{
    tb_buffer_text(out, "[");
    for (size_t at = 0; at <= value.length;) {
        size_t end = at;
        while (end < value.length && value.begin[end] != 'x' && value.begin[end] != ':') {
            end++;
        }
        piece entry = {.begin = value.begin + at, .length = end - at};
        tb_buffer_text(out, at > 0 ? ", " : "");
        if (are_flags) {
            put_flag_value(entry, out);
        } else {
            tb_buffer_append(out, entry.begin, entry.length);
        }
        at = end + 1;
    }
    tb_buffer_text(out, "]");
}

/* "key=value" of a kind, as YAML. */
static void put_setting(piece kind, piece setting, tb_buffer *out)
{
    const char *equals = memchr(setting.begin, '=', setting.length);
    size_t length = equals == NULL ? setting.length : (size_t)(equals - setting.begin);
    piece key = trimmed(setting.begin, length);
    piece value = equals == NULL ? (piece){.begin = setting.begin, .length = 0}
                                 : trimmed(equals + 1, setting.length - length - 1);
    tb_parameter_kind what = kind_of(kind, key);
    tb_buffer_text(out, ", ");
    tb_buffer_append(out, key.begin, key.length);
    tb_buffer_text(out, ": ");
    if (what == TB_PARAMETER_LIST) {
        put_list_value(value, is_text(key, "causal"), out);
    } else if (what == TB_PARAMETER_FLAG) {
        put_flag_value(value, out);
    } else {
        tb_buffer_append(out, value.begin, value.length);
    }
}

/* One pattern of the short form: "kind,key=value,...". */
static void put_one(piece text, tb_buffer *out)
{
    piece kind = {.begin = text.begin, .length = 0};
    size_t at = 0;
    tb_buffer_text(out, "{kind: '"); /* quoted, so that nothing is no kind */
    for (int i = 0; at <= text.length; i++) {
        const char *comma = memchr(text.begin + at, ',', text.length - at);
        size_t end = comma == NULL ? text.length : (size_t)(comma - text.begin);
        piece setting = trimmed(text.begin + at, end - at);
        if (i == 0) {
            kind = setting;
            tb_buffer_append(out, kind.begin, kind.length);
            tb_buffer_text(out, "'");
        } else {
            put_setting(kind, setting, out);
        }
        at = end + 1;
    }
    tb_buffer_text(out, "}");
}

static tb_status put_all(const char *text, tb_buffer *out, tb_error *err)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.:,= +&";
    bool has_union = strchr(text, '+') != NULL, has_intersection = strchr(text, '&') != NULL;
    if (strspn(text, known) != strlen(text)) {
        return tb_fail(err, TB_EINVAL,
                       "pattern '%.80s' has a '%c'; write it as sink-local,sink=128,local=4096",
                       text, text[strspn(text, known)]);
    }
    if (has_union && has_intersection) {
        return tb_fail(
            err, TB_EINVAL,
            "pattern '%.80s' has + and &; write one of both as a mapping, as {kind: union, "
            "parts: [...]}",
            text);
    }
    if (!has_union && !has_intersection) {
        put_one(trimmed(text, strlen(text)), out);
        return TB_OK;
    }
    tb_buffer_printf(out, "{kind: %s, parts: [", has_union ? "union" : "intersection");
    for (const char *at = text; at != NULL;) {
        const char *joint = strpbrk(at, "+&");
        put_one(trimmed(at, joint == NULL ? strlen(at) : (size_t)(joint - at)), out);
        tb_buffer_text(out, joint == NULL ? "" : ", ");
        at = joint == NULL ? NULL : joint + 1;
    }
    tb_buffer_text(out, "]}");
    return TB_OK;
}

tb_status tb_pattern_read_text(const char *text, tb_case *item, tb_error *err)
{
    tb_buffer yaml = {0};
    tb_yaml *doc = NULL;
    tb_error inner = {0};
    tb_status status = TB_OK;
    if (trimmed(text, strlen(text)).begin[0] == '{') {
        tb_buffer_text(&yaml, text);
    } else {
        status = put_all(text, &yaml, err);
    }
    if (status == TB_OK) {
        status = tb_buffer_check(&yaml, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_parse(yaml.data, yaml.length, "pattern", &doc, &inner);
        if (status == TB_OK) {
            status = tb_pattern_read(tb_yaml_root(doc), "", item, &inner);
        }
        if (status == TB_EFILE) {
            status = tb_fail(err, TB_EINVAL, "pattern '%.80s': %s", text, inner.message);
        } else if (status != TB_OK) {
            status = tb_fail(err, status, "%s", inner.message);
        }
    }
    tb_yaml_destroy(doc);
    tb_buffer_free(&yaml);
    return status;
}
