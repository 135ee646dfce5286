#include "report_files.h"

#include "file.h"
#include "report.h"
#include "report_html.h"
#include "report_md.h"

#include <string.h>

#define MOST_INDEX_BYTES ((size_t)1 << 30)
#define HEAD_BYTES       1024 /* of an index.html that say who made it */

static tb_status refuse(const char *folder, const char *why, tb_error *err)
{
    return tb_fail(err, TB_EINVAL, "%s %s; give -o an empty or new folder, or one of a report",
                   folder, why);
}

/* Did tilebound write this index.html? */
static tb_status check_index(const char *folder, const char *path, tb_error *err)
{
    static const char mark[] = "<meta name=\"generator\" content=\"tilebound ";
    tb_file_bytes bytes = {0};
    tb_status status = tb_file_read(path, MOST_INDEX_BYTES, &bytes, err);
    if (status != TB_OK) {
        return status;
    }
    char head[HEAD_BYTES + 1] = {0};
    memcpy(head, bytes.data, bytes.length < HEAD_BYTES ? bytes.length : HEAD_BYTES);
    tb_file_release(&bytes);
    return strstr(head, mark) != NULL
               ? TB_OK
               : refuse(folder, "has an index.html that is not tilebound's", err);
}

static tb_status check_content(const char *folder, tb_arena *arena, tb_error *err)
{
    const char *const *names;
    size_t count = 0;
    tb_buffer path = {0};
    tb_status status = tb_file_list(folder, "", arena, &names, &count, err);
    if (status != TB_OK || count == 0) {
        return status;
    }
    tb_buffer_printf(&path, "%s/" TB_REPORT_INDEX, folder);
    status = tb_buffer_check(&path, err);
    if (status == TB_OK) {
        status = tb_file_exists(path.data)
                     ? check_index(folder, path.data, err)
                     : refuse(folder, "holds files that are no report's", err);
    }
    tb_buffer_free(&path);
    return status;
}

tb_status tb_report_check_folder(const char *folder, tb_error *err)
{
    if (!tb_file_exists(folder)) {
        return TB_OK;
    }
    if (!tb_file_is_directory(folder)) {
        return refuse(folder, "is not a folder", err);
    }
    tb_arena *arena = tb_arena_create();
    tb_status status = arena != NULL ? check_content(folder, arena, err)
                                     : tb_fail(err, TB_ENOMEM, "no memory for file names");
    tb_arena_destroy(arena);
    return status;
}

/* Write FOLDER/NAME.ENDING, or make the folder FOLDER/NAME where `text` is NULL; frees `text`. */
static tb_status put(const char *folder, const char *name, const char *ending, tb_buffer *text,
                     tb_error *err)
{
    tb_buffer path = {0};
    tb_buffer_printf(&path, "%s/%s%s", folder, name, ending);
    tb_status status = tb_buffer_check(&path, err);
    if (status == TB_OK && text == NULL) {
        status = tb_file_make_directory(path.data, err);
    } else if (status == TB_OK) {
        status = tb_buffer_check(text, err);
    }
    if (status == TB_OK && text != NULL) {
        status = tb_file_replace(path.data, text->data, text->length, err);
    }
    if (text != NULL) {
        tb_buffer_free(text);
    }
    tb_buffer_free(&path);
    return status;
}

static tb_status put_item(const tb_page_item *item, const char *folder, tb_error *err)
{
    tb_buffer text = {0}, name = {0};
    tb_status status = TB_OK;
    if (item->kind == TB_PAGE_TABLE) {
        tb_report_csv(item->table, &text);
        tb_buffer_printf(&name, "data/%s", item->table->id);
    } else if (item->kind == TB_PAGE_FIGURE && item->figure->svg != NULL) {
        tb_buffer_text(&text, item->figure->svg);
        tb_buffer_printf(&name, "figures/%s", item->figure->id);
    } else {
        return TB_OK;
    }
    status = tb_buffer_check(&name, err);
    if (status == TB_OK) {
        status = put(folder, name.data, item->kind == TB_PAGE_TABLE ? ".csv" : ".svg", &text, err);
    }
    tb_buffer_free(&text);
    tb_buffer_free(&name);
    return status;
}

tb_status tb_report_write_files(const tb_page *page, const char *folder, tb_error *err)
{
    tb_buffer html = {0}, md = {0};
    tb_status status = tb_report_html(page, &html, err);
    if (status == TB_OK) {
        status = tb_report_md(page, &md, err);
    }
    if (status == TB_OK) {
        status = tb_file_make_directory(folder, err);
    }
    if (status == TB_OK) {
        status = put(folder, "data", "", NULL, err);
    }
    if (status == TB_OK) {
        status = put(folder, "figures", "", NULL, err);
    }
    for (const tb_page_item *item = page->first; status == TB_OK && item != NULL;
         item = item->next) {
        status = put_item(item, folder, err);
    }
    if (status == TB_OK) {
        status = put(folder, "report", ".md", &md, err);
    }
    if (status == TB_OK) {
        status = put(folder, TB_REPORT_INDEX, "", &html, err);
    }
    tb_buffer_free(&html);
    tb_buffer_free(&md);
    return status;
}
