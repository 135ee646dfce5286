#include "audit_list.h"

#include "arena.h"
#include "catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for an audit");
}

/* Is it the file that its name stands for? */
static bool is_known(const tb_mechanism *mechanism, tb_arena *arena)
{
    const char *path = NULL;
    return tb_catalogue_find(TB_CATALOGUE_MECHANISM, mechanism->name, arena, &path, NULL) ==
               TB_OK &&
           strcmp(path, mechanism->path) == 0;
}

static tb_status judge(const char *name, tb_arena *arena, tb_audited *out, tb_error *err)
{
    tb_status status = tb_mechanism_load(name, &out->mechanism, err);
    if (status != TB_OK) {
        return status;
    }
    out->is_known = is_known(out->mechanism, arena);
    out->count = out->mechanism->claim_count;
    out->judgements = calloc(out->count + 1, sizeof *out->judgements);
    return out->judgements == NULL ? no_memory(err)
                                   : tb_audit_mechanism(out->mechanism, out->judgements, err);
}

static void add_difference(tb_audit_list *list, const char *mechanism, int64_t number,
                           const tb_judgement *now, const tb_verdict_row *row)
{
    list->differences[list->difference_count++] = (tb_audit_difference){
        .mechanism = mechanism,
        .metric = now != NULL ? now->claim->metric : row->metric,
        .number = number,
        .now = now != NULL ? tb_claim_verdict_names[now->verdict] : NULL,
        .table = row != NULL ? tb_claim_verdict_names[row->verdict] : NULL,
    };
}

static void compare_claims(tb_audit_list *list, const tb_audited *item)
{
    for (size_t c = 0; c < item->count; c++) {
        const char *name = item->mechanism->name;
        int64_t number = (int64_t)c + 1;
        const tb_verdict_row *row = tb_verdict_table_find(list->table, name, number);
        if (row == NULL || row->verdict != item->judgements[c].verdict) {
            add_difference(list, name, number, &item->judgements[c], row);
        }
    }
}

/* Lines of the table whose claim is gone: of the mechanisms judged, or of none where all were. */
static void compare_rows(tb_audit_list *list, bool all)
{
    for (size_t r = 0; r < list->table->count; r++) {
        const tb_verdict_row *row = &list->table->rows[r];
        bool judged = all, there = false;
        for (size_t i = 0; i < list->count; i++) {
            const tb_audited *item = &list->items[i];
            bool same = item->is_known && strcmp(item->mechanism->name, row->mechanism) == 0;
            judged = judged || same;
            there = there || (same && row->number <= (int64_t)item->count);
        }
        if (judged && !there) {
            add_difference(list, row->mechanism, row->number, NULL, row);
        }
    }
}

static tb_status compare(tb_audit_list *list, bool all, tb_error *err)
{
    bool any = all;
    for (size_t i = 0; i < list->count; i++) {
        any = any || list->items[i].is_known;
    }
    tb_status status = any ? tb_verdict_table_load(&list->table, err) : TB_OK;
    if (status != TB_OK || !any) {
        return status;
    }
    list->differences = calloc(list->claims + list->table->count + 1, sizeof *list->differences);
    if (list->differences == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].is_known) {
            compare_claims(list, &list->items[i]);
        }
    }
    compare_rows(list, all);
    return TB_OK;
}

static tb_status fill(const char *const *names, size_t count, bool all, tb_arena *arena,
                      tb_audit_list *out, tb_error *err)
{
    tb_status status = TB_OK;
    out->items = calloc(count + 1, sizeof *out->items);
    if (out->items == NULL) {
        return no_memory(err);
    }
    bool shows = all && isatty(STDERR_FILENO) != 0; /* all of them take seconds */
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = judge(names[i], arena, &out->items[i], err);
        out->count++;
        out->claims += out->items[i].count;
        if (shows) {
            (void)fprintf(stderr, "\rmechanisms: %zu of %zu%s", i + 1, count,
                          i + 1 == count || status != TB_OK ? "\n" : "");
        }
    }
    return status == TB_OK ? compare(out, all, err) : status;
}

tb_status tb_audit_list_fill(const char *const *names, size_t count, tb_audit_list *out,
                             tb_error *err)
{
    bool all = count == 0;
    tb_arena *arena = tb_arena_create();
    *out = (tb_audit_list){0};
    if (arena == NULL) {
        return no_memory(err);
    }
    tb_status status =
        all ? tb_catalogue_names(TB_CATALOGUE_MECHANISM, arena, &names, &count, err) : TB_OK;
    if (status == TB_OK) {
        status = fill(names, count, all, arena, out, err);
    }
    tb_arena_destroy(arena);
    return status;
}

void tb_audit_list_release(tb_audit_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tb_mechanism_destroy(list->items[i].mechanism);
        free(list->items[i].judgements);
    }
    free(list->items);
    free(list->differences);
    tb_verdict_table_destroy(list->table);
    *list = (tb_audit_list){0};
}
