#include "data_files.h"

#include "test_support.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

tb_test_names tb_test_names_of(tb_catalogue_kind kind)
{
    tb_test_names n = {.arena = tb_arena_create()};
    tb_error err;
    assert_int_equal(setenv("TILEBOUND_DATA", TB_SOURCE_DIR, 1), 0);
    tb_assert_ok(tb_catalogue_names(kind, n.arena, &n.list, &n.count, &err), &err);
    assert_true(n.count > 0);
    return n;
}

void tb_test_sentence(const char *text)
{
    assert_non_null(text);
    size_t length = strlen(text);
    assert_true(length > 2);
    assert_false(isspace((unsigned char)text[0]) || isspace((unsigned char)text[length - 1]));
    assert_null(strchr(text, '\n'));
}
