#include "natten_command.h"

#include "natten_import.h"
#include "text.h"

#include <assert.h>
#include <string.h>

#define WORD_BYTES 64

/* What an option gives. */
typedef enum option_role {
    OPTION_LAYOUT,
    OPTION_WINDOW,
    OPTION_STRIDE,
    OPTION_DILATION,
    OPTION_CAUSAL,
    OPTION_BATCH,
    OPTION_HEADS,
    OPTION_DIM,
    OPTION_DIM_VALUE,
    OPTION_DTYPE,
    OPTION_ADD_KV,
    OPTION_Q_TILE,
    OPTION_KV_TILE,
    OPTION_BACKPROP,
    OPTION_HOW /* to run it: nothing of the problem */
} option_role;

typedef struct option {
    const char *letter; /* or NULL */
    const char *name;
    option_role role;
} option;

/* Source: SHI-Labs/NATTEN src/natten/profiler.py, get_args(). */
static const option options[] = {
    {"-i", "--input-size", OPTION_LAYOUT},   {"-w", "--window-size", OPTION_WINDOW},
    {"-s", "--stride", OPTION_STRIDE},       {NULL, "--dilation", OPTION_DILATION},
    {"-c", "--causal", OPTION_CAUSAL},       {"-b", "--batch-size", OPTION_BATCH},
    {"-n", "--heads", OPTION_HEADS},         {"-d", "--dim", OPTION_DIM},
    {NULL, "--dim-value", OPTION_DIM_VALUE}, {NULL, "--dtype", OPTION_DTYPE},
    {NULL, "--add-kv", OPTION_ADD_KV},       {NULL, "--q-tile", OPTION_Q_TILE},
    {NULL, "--kv-tile", OPTION_KV_TILE},     {NULL, "--backprop", OPTION_BACKPROP},
    {NULL, "--backend", OPTION_HOW},         {NULL, "--fmha-backend", OPTION_HOW},
    {NULL, "--backward-q-tile", OPTION_HOW}, {NULL, "--backward-kv-tile", OPTION_HOW},
    {NULL, "--schedule", OPTION_HOW},        {NULL, "--persistent", OPTION_HOW},
    {NULL, "--compile", OPTION_HOW},         {NULL, "--try-fuse-add-kv", OPTION_HOW},
    {NULL, "--warmup-steps", OPTION_HOW},    {NULL, "--max-configs", OPTION_HOW},
    {NULL, "--optimize", OPTION_HOW},        {NULL, "--optimize-warmup-steps", OPTION_HOW},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

typedef struct command {
    const tb_natten_output *output;
    int line;
    const char *rest;
    char word[WORD_BYTES]; /* the one at hand; empty = no more */
    tb_error *err;
} command;

static tb_status TB_PRINTF(2, 3) fail_line(const command *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status =
        tb_fail_at_v(c->err, TB_EFILE, c->output->name, c->line, 1, format, arguments);
    va_end(arguments);
    return status;
}

/* Step to the next word. What ends a command for a shell ends it here; a word that is too long is
 * cut, and is then no option and no number. */
static void next_word(command *c)
{
    c->rest += strspn(c->rest, " \t\\");
    size_t length = strcspn(c->rest, " \t=");
    size_t kept = length < WORD_BYTES ? length : WORD_BYTES - 1;
    memcpy(c->word, c->rest, kept);
    c->word[kept] = '\0';
    c->rest += length;
    c->rest += *c->rest == '=';
    if (strpbrk(c->word, "<>|&;#`'\"$") != NULL) {
        c->word[0] = '\0';
        c->rest = "";
    }
}

static bool at_value(const command *c)
{
    return c->word[0] != '\0' && c->word[0] != '-';
}

static tb_status read_int(command *c, const option *from, int64_t min, int64_t *out)
{
    if (!at_value(c) || !tb_text_int(c->word, out) || *out < min) {
        return fail_line(c, "'%s' is no value of %s; it needs an integer of at least %lld", c->word,
                         from->name, (long long)min);
    }
    next_word(c);
    return TB_OK;
}

/* Up to TB_MAX_RANK integers, one a word. */
static tb_status read_ints(command *c, const option *from, int64_t *out, int *count)
{
    *count = 0;
    tb_status status = TB_OK;
    while (status == TB_OK && at_value(c)) {
        if (*count == TB_MAX_RANK) {
            return fail_line(c, "more than %d values of %s", TB_MAX_RANK, from->name);
        }
        status = read_int(c, from, 1, &out[(*count)++]);
    }
    return status == TB_OK && *count == 0 ? fail_line(c, "%s has no values", from->name) : status;
}

/* natten.profiler takes any word as true, 0 and False too. */
static tb_status read_causal(command *c, const option *from, bool *out, int *count)
{
    *count = 0;
    for (; at_value(c); next_word(c)) {
        if (strcmp(c->word, "1") != 0 && strcmp(c->word, "True") != 0) {
            return fail_line(c,
                             "%s %s: natten.profiler takes any word as true; take the line out "
                             "and give the problem by options",
                             from->name, c->word);
        }
        if (*count == TB_MAX_RANK) {
            return fail_line(c, "more than %d values of %s", TB_MAX_RANK, from->name);
        }
        out[(*count)++] = true;
    }
    return *count == 0 ? fail_line(c, "%s has no values", from->name) : TB_OK;
}

static tb_status read_dtype(command *c, tb_dtype *out)
{
    for (int i = 0; i < TB_DTYPE_COUNT; i++) {
        if (strcmp(c->word, tb_dtype_names[i]) == 0) {
            *out = (tb_dtype)i;
            next_word(c);
            return TB_OK;
        }
    }
    return fail_line(c, "dtype '%s' is not known here", c->word);
}

/* How many entries each list had; 0 = not given. */
typedef struct counts {
    int window, stride, dilation, causal;
} counts;

static void skip_values(command *c)
{
    while (at_value(c)) {
        next_word(c);
    }
}

static tb_status take_option(command *c, const option *from, tb_case *item, counts *n,
                             bool *backprop)
{
    tb_problem *problem = &item->problem;
    tb_tiling_request *tiling = &item->tiling;
    switch (from->role) {
    case OPTION_LAYOUT:
        return read_ints(c, from, problem->layout.extent, &problem->layout.rank);
    case OPTION_WINDOW:
        return read_ints(c, from, item->pattern.window, &n->window);
    case OPTION_STRIDE:
        return read_ints(c, from, item->pattern.stride, &n->stride);
    case OPTION_DILATION:
        return read_ints(c, from, item->pattern.dilation, &n->dilation);
    case OPTION_CAUSAL:
        return read_causal(c, from, item->pattern.causal, &n->causal);
    case OPTION_BATCH:
        return read_int(c, from, 1, &problem->batch);
    case OPTION_HEADS:
        return read_int(c, from, 1, &problem->heads);
    case OPTION_DIM:
        return read_int(c, from, 1, &problem->dim);
    case OPTION_DIM_VALUE:
        return read_int(c, from, 1, &problem->dim_value);
    case OPTION_DTYPE:
        return read_dtype(c, &problem->dtype);
    case OPTION_ADD_KV:
        return read_int(c, from, 0, &problem->extra_kv);
    case OPTION_Q_TILE:
        return read_ints(c, from, tiling->q_tile, &tiling->q_dims);
    case OPTION_KV_TILE:
        return read_ints(c, from, tiling->kv_tile, &tiling->kv_dims);
    case OPTION_BACKPROP:
        *backprop = true;
        return TB_OK;
    case OPTION_HOW:
        skip_values(c);
        return TB_OK;
    }
    return TB_OK;
}

static tb_status find_option(const command *c, const option **out)
{
    const char *names[OPTION_COUNT];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        names[i] = options[i].name;
        if (strcmp(options[i].name, c->word) == 0 ||
            (options[i].letter != NULL && strcmp(options[i].letter, c->word) == 0)) {
            *out = &options[i];
            return TB_OK;
        }
    }
    const char *nearest = tb_text_nearest(c->word, names, OPTION_COUNT);
    return fail_line(c, "'%s' is no option of natten.profiler that is known here%s%s%s", c->word,
                     nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "'?" : "");
}

/* One entry a dimension; windows by default are whole axes. */
static tb_status check_lists(const command *c, const tb_case *item, const counts *n)
{
    int rank = item->problem.layout.rank;
    const int all[] = {n->window, n->stride, n->dilation, n->causal};
    if (rank == 0) {
        return fail_line(c, "a command of natten.profiler without --input-size");
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] != 0 && all[i] != rank) {
            return fail_line(c, "a list of %d for a layout of %d; one entry a dimension", all[i],
                             rank);
        }
    }
    return TB_OK;
}

tb_status tb_natten_read_command(const tb_natten_output *output, const tb_natten_table *table,
                                 tb_case *out, bool *backprop, tb_error *err)
{
    assert(table->command != NULL);
    command c = {.output = output, .line = table->command_line, .rest = table->command, .err = err};
    tb_case item = tb_natten_default_case();
    counts n = {0};
    bool both = false;
    tb_status status = TB_OK;
    item.pattern.kind = TB_PATTERN_GNA;
    item.problem.heads_kv = item.problem.dim_value = 0; /* until they are known */
    for (int d = 0; d < TB_MAX_RANK; d++) {
        item.pattern.window[d] = TB_WHOLE_AXIS;
    }
    next_word(&c);
    while (status == TB_OK && c.word[0] != '\0') {
        const option *from = NULL;
        status = find_option(&c, &from);
        if (status == TB_OK) {
            next_word(&c);
            status = take_option(&c, from, &item, &n, &both);
        }
    }
    if (status == TB_OK) {
        status = check_lists(&c, &item, &n);
    }
    if (status != TB_OK) {
        return status;
    }
    item.problem.heads_kv = item.problem.heads;
    if (item.problem.dim_value == 0) {
        item.problem.dim_value = item.problem.dim;
    }
    tb_case_normalize(&item);
    *out = item;
    *backprop = both;
    return TB_OK;
}
