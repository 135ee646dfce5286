#include "case_words.h"

#include "pattern_file.h"

#include <stdio.h>
#include <string.h>

const char *tb_view_dims(const int64_t *values, int count, char out[static 96])
{
    size_t used = 0;
    out[0] = '\0';
    for (int d = 0; d < count; d++) {
        int written =
            snprintf(out + used, 96 - used, "%s%lld", d == 0 ? "" : "x", (long long)values[d]);
        used += (size_t)written; /* four numbers of at most 20 characters and three joints fit */
    }
    return out;
}

const char *tb_view_dims_or_dash(const int64_t *values, int count, char out[static 96])
{
    for (int d = 0; d < count; d++) {
        if (values[d] != 1) {
            return tb_view_dims(values, count, out);
        }
    }
    return strcpy(out, "-");
}

static void append_dims(char *out, const char *word, const int64_t *values, int rank)
{
    char dims[96];
    if (tb_view_dims_or_dash(values, rank, dims)[0] == '-') {
        return;
    }
    size_t used = strlen(out);
    (void)snprintf(out + used, 256 - used, " %s %s", word, dims);
}

static void append_causal(char *out, const bool *causal, int rank)
{
    bool any = false;
    for (int d = 0; d < rank; d++) {
        any = any || causal[d];
    }
    size_t used = strlen(out);
    if (!any) {
        return;
    }
    used += (size_t)snprintf(out + used, 256 - used, " causal ");
    for (int d = 0; d < rank && used < 250; d++) {
        used += (size_t)snprintf(out + used, 256 - used, "%s%d", d == 0 ? "" : ",", causal[d]);
    }
}

const char *tb_view_pattern(const tb_pattern *pattern, int rank, char out[static 256])
{
    char dims[96];
    tb_buffer words = {0};
    (void)snprintf(out, 256, "%s", tb_pattern_types[pattern->kind]->name);
    size_t used = strlen(out);
    switch (pattern->kind) {
    case TB_PATTERN_GNA:
        (void)snprintf(out + used, 256 - used, " window %s",
                       tb_view_dims(pattern->window, rank, dims));
        append_dims(out, "stride", pattern->stride, rank);
        append_dims(out, "dilation", pattern->dilation, rank);
        append_causal(out, pattern->causal, rank);
        break;
    case TB_PATTERN_LOCAL:
        (void)snprintf(out + used, 256 - used, " left %lld right %lld", (long long)pattern->left,
                       (long long)pattern->right);
        break;
    case TB_PATTERN_EXPLICIT:
        (void)snprintf(out + used, 256 - used, " mask of %lld x %lld in blocks of %lldx%lld",
                       (long long)pattern->mask->rows, (long long)pattern->mask->cols,
                       (long long)pattern->mask_block_q, (long long)pattern->mask_block_kv);
        break;
    default:
        tb_pattern_print_words(pattern, rank, &words);
        if (words.data != NULL) {
            bool is_long = words.length > 255;
            (void)snprintf(out, 256, "%.*s%s", is_long ? 252 : 255, words.data,
                           is_long ? "..." : "");
        }
        break;
    }
    tb_buffer_free(&words);
    return out;
}
