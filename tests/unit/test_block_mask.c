/* Tile lists for other programs, against the tile view that they are made from. */
#include "test_support.h"

#include "block_mask.h"
#include "sim_case.h"
#include "tile_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One array as read back from its .npy file. */
typedef struct array {
    char *data; /* owned */
    int64_t shape[4];
    size_t rank;
    const unsigned char *elements; /* int32, little-endian */
    size_t count;
} array;

static int32_t element(const array *a, size_t i)
{
    assert_true(i < a->count);
    const unsigned char *p = a->elements + 4 * i;
    return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* Read a .npy of format 1.0, by what NumPy's specification says and nothing of ours. */
static array read_array(const char *folder, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    size_t length = 0;
    array a = {.data = tb_test_read(path, &length)};
    assert_true(length > 10);
    assert_memory_equal(a.data, "\x93NUMPY\1\0", 8);
    const unsigned char *bytes = (const unsigned char *)a.data;
    size_t header = 10 + bytes[8] + 256 * (size_t)bytes[9];
    assert_int_equal(header % 64, 0);
    assert_int_equal(a.data[header - 1], '\n');
    long long s[4] = {0};
    int fields = sscanf(a.data + 10,
                        "{'descr': '<i4', 'fortran_order': False, 'shape': (%lld, %lld, %lld, %lld",
                        &s[0], &s[1], &s[2], &s[3]);
    assert_true(fields == 3 || fields == 4);
    a.rank = (size_t)fields;
    a.count = 1;
    for (size_t i = 0; i < a.rank; i++) {
        a.shape[i] = s[i];
        a.count *= (size_t)s[i];
    }
    a.elements = bytes + header;
    assert_int_equal(length, header + 4 * a.count);
    return a;
}

/* The lists of one kind of tile (partial or full) of every query tile. */
static void check_lists(const char *folder, const char *prefix, tb_tile_view *view, bool full)
{
    char name[64];
    int64_t q_tiles = tb_tile_view_q_tiles(view), kv_tiles = tb_tile_view_kv_tiles(view);
    (void)snprintf(name, sizeof name, "%skv_num_blocks", prefix);
    array counts = read_array(folder, name);
    (void)snprintf(name, sizeof name, "%skv_indices", prefix);
    array indices = read_array(folder, name);
    assert_int_equal(counts.rank, 3);
    assert_int_equal(counts.shape[0], 1);
    assert_int_equal(counts.shape[1], 1);
    assert_int_equal(counts.shape[2], q_tiles);
    assert_int_equal(indices.rank, 4);
    assert_int_equal(indices.shape[2], q_tiles);
    assert_int_equal(indices.shape[3], kv_tiles);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    assert_non_null(scratch);
    for (int64_t q = 0; q < q_tiles; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        int64_t listed = 0;
        for (int64_t k = 0; k < kv_tiles; k++) {
            if (tb_bits_get(row.visited, k) && tb_bits_get(row.full, k) == full) {
                assert_int_equal(element(&indices, (size_t)(q * kv_tiles + listed)), k);
                listed++;
            }
        }
        assert_int_equal(element(&counts, (size_t)q), listed);
        for (; listed < kv_tiles; listed++) { /* the rest is padding */
            assert_int_equal(element(&indices, (size_t)(q * kv_tiles + listed)), 0);
        }
    }
    tb_tile_scratch_destroy(scratch);
    free(counts.data);
    free(indices.data);
}

static void check_arrays(const tb_sim_case *c, const char *folder)
{
    tb_error err;
    tb_tile_view *view = NULL;
    tb_assert_ok(tb_block_mask_write_npy(&c->problem, &c->pattern, &c->tiling, folder, &err), &err);
    tb_assert_ok(tb_tile_view_create(&c->problem, &c->pattern, &c->tiling, &view, &err), &err);
    check_lists(folder, "", view, false);
    check_lists(folder, "full_", view, true);
    tb_tile_view_destroy(view);
}

/* Numbers of "key": [..] or [[..], ..] in JSON text, lists within counted. */
static size_t json_numbers(const char *text, const char *key, int64_t *out, size_t capacity,
                           size_t *lists)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\n  \"%s\": [", key);
    const char *at = strstr(text, quoted);
    assert_non_null(at);
    at += strlen(quoted);
    size_t count = 0;
    int depth = 1;
    *lists = 0;
    while (depth > 0) {
        if (*at == '[') {
            depth++;
            (*lists)++;
        }
        depth -= *at == ']';
        if (*at >= '0' && *at <= '9') {
            char *end;
            assert_true(count < capacity);
            out[count++] = strtoll(at, &end, 10);
            at = end;
        } else {
            at++;
        }
    }
    return count;
}

#define MOST 20000

static void check_json(const tb_sim_case *c)
{
    static int64_t counts[MOST], indices[MOST];
    tb_buffer text = {0};
    tb_error err;
    tb_tile_view *view = NULL;
    tb_assert_ok(tb_block_mask_json(&c->problem, &c->pattern, &c->tiling, "7.2.0", &text, &err),
                 &err);
    tb_assert_ok(tb_tile_view_create(&c->problem, &c->pattern, &c->tiling, &view, &err), &err);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    assert_non_null(scratch);
    assert_non_null(strstr(text.data, "\"schema\": \"tilebound/tile-lists/1\""));
    assert_non_null(strstr(text.data, "\"tilebound\": \"7.2.0\""));
    for (int full = 0; full < 2; full++) {
        size_t lists, next = 0;
        size_t q_tiles = json_numbers(text.data, full ? "full_kv_num_blocks" : "kv_num_blocks",
                                      counts, MOST, &lists);
        size_t listed =
            json_numbers(text.data, full ? "full_kv_indices" : "kv_indices", indices, MOST, &lists);
        assert_int_equal(q_tiles, tb_tile_view_q_tiles(view));
        assert_int_equal(lists, q_tiles);
        for (size_t q = 0; q < q_tiles; q++) {
            tb_tile_row row = tb_tile_view_row(view, (int64_t)q, scratch);
            int64_t count = 0;
            for (int64_t k = 0; k < tb_tile_view_kv_tiles(view); k++) {
                if (tb_bits_get(row.visited, k) && tb_bits_get(row.full, k) == (full == 1)) {
                    assert_true(next < listed);
                    assert_int_equal(indices[next++], k);
                    count++;
                }
            }
            assert_int_equal(counts[q], count);
        }
        assert_int_equal(next, listed); /* no padding */
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    tb_buffer_free(&text);
}

static void block_mask__lists_are_those_of_the_tile_view(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    const char *folder = tb_test_path("lists");
    int checked = 0;
    for (int i = 0; i < tb_test_cases(300); i++) {
        tb_sim_case c = i % 2 == 0 ? tb_sim_case_rows(random) : tb_sim_case_product(random);
        tb_census census;
        tb_error err;
        if (c.tiling.kv_tiling == TB_KV_STATIC &&
            tb_census_count(&c.problem, &c.pattern, &c.tiling, NULL, &census, &err) == TB_OK &&
            census.visited < MOST) {
            check_arrays(&c, folder); /* into the same folder, again and again */
            check_json(&c);
            checked++;
        }
        tb_sim_case_free(&c);
    }
    print_message("%d cases\n", checked);
    assert_true(checked > tb_test_cases(300) / 4);
    gsl_rng_free(random);
}

/* 12 tokens, windows of 5, tiles of 4: tile 0 sees keys 0 to 5, tile 1 2 to 9, tile 2 6 to 11 */
static tb_sim_case small_case(void)
{
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {12}};
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = 5;
    c.tiling = (tb_tiling){.q_tile = {4}, .kv_tile = {4}};
    return c;
}

static void block_mask__a_sliding_window_by_hand(void **state)
{
    (void)state;
    tb_sim_case c = small_case();
    tb_buffer text = {0};
    tb_error err;
    tb_assert_ok(tb_block_mask_json(&c.problem, &c.pattern, &c.tiling, "0", &text, &err), &err);
    assert_string_equal(text.data, "{\n"
                                   "  \"schema\": \"tilebound/tile-lists/1\",\n"
                                   "  \"tilebound\": \"0\",\n"
                                   "  \"q_tile\": [4],\n"
                                   "  \"kv_tile\": [4],\n"
                                   "  \"q_tiles\": 3,\n"
                                   "  \"kv_tiles\": 3,\n"
                                   "  \"kv_num_blocks\": [2, 3, 2],\n"
                                   "  \"kv_indices\": [\n"
                                   "    [0, 1],\n"
                                   "    [0, 1, 2],\n"
                                   "    [1, 2]\n"
                                   "  ],\n"
                                   "  \"full_kv_num_blocks\": [0, 0, 0],\n"
                                   "  \"full_kv_indices\": [\n"
                                   "    [],\n"
                                   "    [],\n"
                                   "    []\n"
                                   "  ]\n"
                                   "}\n");
    tb_buffer_free(&text);
}

static void block_mask__failures_leave_nothing_behind(void **state)
{
    (void)state;
    tb_sim_case c = small_case();
    tb_error err;
    tb_buffer text = {0};
    c.tiling.kv_tiling = TB_KV_DYNAMIC;
    const char *folder = tb_test_path("never");
    struct stat info;
    tb_assert_fails(tb_block_mask_write_npy(&c.problem, &c.pattern, &c.tiling, folder, &err), &err,
                    TB_EINVAL, "dynamic KV tiles have no numbers");
    assert_int_not_equal(stat(folder, &info), 0);
    tb_assert_fails(tb_block_mask_json(&c.problem, &c.pattern, &c.tiling, "0", &text, &err), &err,
                    TB_EINVAL, "dynamic KV tiles have no numbers");
    assert_int_equal(text.length, 0);
    tb_buffer_free(&text);
    c.tiling.kv_tiling = TB_KV_STATIC;
    c.pattern.window[0] = 13;
    tb_assert_fails(tb_block_mask_write_npy(&c.problem, &c.pattern, &c.tiling, folder, &err), &err,
                    TB_EINVAL, "window 13");
    assert_int_not_equal(stat(folder, &info), 0);
}

static void block_mask__folders_that_cannot_be_are_io_errors(void **state)
{
    (void)state;
    tb_sim_case c = small_case();
    tb_error err;
    const char *file = tb_test_file("file", "", 0);
    tb_assert_fails(tb_block_mask_write_npy(&c.problem, &c.pattern, &c.tiling, file, &err), &err,
                    TB_EIO, "a file has its name");
    tb_assert_fails(
        tb_block_mask_write_npy(&c.problem, &c.pattern, &c.tiling, tb_test_path("no/such"), &err),
        &err, TB_EIO, "cannot write");
    assert_string_equal(err.file, tb_test_path("no/such"));
    char *path = malloc(5000);
    assert_non_null(path);
    memset(path, 'x', 4999);
    path[4999] = '\0';
    tb_assert_fails(tb_block_mask_write_npy(&c.problem, &c.pattern, &c.tiling, path, &err), &err,
                    TB_EIO, "");
    free(path);
}

TB_TESTS(cmocka_unit_test(block_mask__lists_are_those_of_the_tile_view),
         cmocka_unit_test(block_mask__a_sliding_window_by_hand),
         cmocka_unit_test(block_mask__failures_leave_nothing_behind),
         cmocka_unit_test(block_mask__folders_that_cannot_be_are_io_errors));
