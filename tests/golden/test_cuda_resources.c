/* Three places say what the compiled CUDA kernels take: the table of variants, the golden table of
 * what the compiler gave (tests/cuda), and the kernel file that the models read. They agree.
 * TB_UPDATE_GOLDEN=1 writes the kernel file's `variants` from the golden table. */
#include "buffer.h"
#include "cuda_variant.h"
#include "file.h"
#include "golden_table.h"
#include "kernel.h"
#include "tile_choice.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

#define TABLE     "cuda_variants.csv"
#define KERNEL    "fmha_fwd" /* that the kernel file describes */
#define FILE_NAME TB_SOURCE_DIR "/models/kernels/tilebound.yaml"
#define BEGIN     "    variants:"
#define ROW       "\n      - "

static void golden_table__has_the_rows_of_the_table_of_variants(void **state)
{
    (void)state;
    tb_golden_table *table = tb_golden_read(TABLE);
    int row = 0;
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *v = &tb_cuda_variants[i];
        for (int a = 0; a < TB_CUDA_ARCH_COUNT; a++) {
            if ((v->arches & 1U << a) == 0) {
                continue;
            }
            if (row == table->rows || strcmp(tb_golden_cell(table, row, "variant"), v->name) != 0 ||
                tb_golden_integer(table, row, "sm") != tb_cuda_arch_sm[a] ||
                tb_golden_integer(table, row, "threads") != v->threads ||
                tb_golden_integer(table, row, "shared_bytes") != v->shared_bytes) {
                fail_msg("row %d is not %s, sm_%d; TB_UPDATE_GOLDEN=1 where NVRTC is writes " TABLE
                         " anew (cuda.cuda_variants)",
                         row + 2, v->name, tb_cuda_arch_sm[a]);
            }
            row++;
        }
    }
    assert_int_equal(row, table->rows);
    print_message("%d rows of %d variants\n", row, tb_cuda_variant_count);
    tb_golden_free(table);
}

/* One row of the kernel file: the architectures from row `first` on that gave the same numbers as
 * it. Rows that are taken are marked. */
static void append_row(const tb_golden_table *table, int first, bool *taken, tb_buffer *out)
{
    const char *name = tb_golden_cell(table, first, "variant");
    const tb_cuda_variant *v = tb_cuda_variant_find(name);
    int64_t registers = tb_golden_integer(table, first, "registers");
    int64_t fixed = tb_golden_integer(table, first, "static_shared_bytes");
    assert_non_null(v);
    tb_buffer_printf(out,
                     ROW
                     "{dtype: %s, dim: %d, dim_value: %d, q_tile: %d, kv_tile: %d, threads: %d, "
                     "registers: %lld, smem_bytes: %lld, compiled_for: [",
                     tb_dtype_names[v->dtype], v->dim, v->dim_value, v->q_tile, v->kv_tile,
                     v->threads, (long long)registers, (long long)(v->shared_bytes + fixed));
    const char *between = "";
    for (int row = first; row < table->rows; row++) {
        if (strcmp(tb_golden_cell(table, row, "variant"), name) == 0 &&
            tb_golden_integer(table, row, "registers") == registers &&
            tb_golden_integer(table, row, "static_shared_bytes") == fixed) {
            tb_buffer_printf(out, "%s%s", between, tb_golden_cell(table, row, "sm"));
            between = ", ";
            taken[row] = true;
        }
    }
    tb_buffer_text(out, "]}");
}

/* `variants` as the golden table says them. */
static tb_buffer wanted_rows(void)
{
    tb_buffer out = {0};
    tb_golden_table *table = tb_golden_read(TABLE);
    bool *taken = calloc((size_t)table->rows + 1, sizeof *taken);
    assert_non_null(taken);
    tb_buffer_text(&out, BEGIN);
    for (int row = 0; row < table->rows; row++) {
        const tb_cuda_variant *v = tb_cuda_variant_find(tb_golden_cell(table, row, "variant"));
        if (!taken[row] && v != NULL && strcmp(v->kernel, KERNEL) == 0) {
            append_row(table, row, taken, &out);
        }
    }
    free(taken);
    tb_golden_free(table);
    tb_error err;
    tb_assert_ok(tb_buffer_check(&out, &err), &err);
    return out;
}

/* Where the list of a kernel file's text begins, and how long it is. */
static const char *list_in(const char *text, size_t *length)
{
    const char *begin = strstr(text, BEGIN);
    assert_non_null(begin);
    const char *end = begin + strcspn(begin, "\n");
    while (strncmp(end, ROW, strlen(ROW)) == 0) {
        end += 1 + strcspn(end + 1, "\n");
    }
    *length = (size_t)(end - begin);
    return begin;
}

static void write_list(const char *text, const char *list, size_t length, const tb_buffer *wanted)
{
    tb_buffer out = {0};
    tb_error err;
    tb_buffer_append(&out, text, (size_t)(list - text));
    tb_buffer_append(&out, wanted->data, wanted->length);
    tb_buffer_text(&out, list + length);
    tb_assert_ok(tb_buffer_check(&out, &err), &err);
    tb_assert_ok(tb_file_replace(FILE_NAME, out.data, out.length, &err), &err);
    tb_buffer_free(&out);
}

static void kernel_file__has_the_registers_of_the_golden_table(void **state)
{
    (void)state;
    size_t bytes = 0, length = 0;
    char *text = tb_test_read(FILE_NAME, &bytes);
    tb_buffer wanted = wanted_rows();
    const char *list = list_in(text, &length);
    if (tb_golden_is_update()) {
        write_list(text, list, length, &wanted);
    } else if (length != wanted.length || memcmp(list, wanted.data, length) != 0) {
        fail_msg("%s: `variants` are not those of " TABLE "; TB_UPDATE_GOLDEN=1 writes them anew",
                 FILE_NAME);
    }
    tb_buffer_free(&wanted);
    free(text);
}

/* Tokens of a side of a pair of that rank. */
static int64_t tokens(const int64_t *extents, size_t rank)
{
    int64_t product = 1;
    for (size_t d = 0; d < rank; d++) {
        product *= extents[d];
    }
    return product;
}

static bool is_not_on(const tb_tile_set *set, int sm)
{
    for (size_t i = 0; i < set->not_on_count; i++) {
        if (set->not_on[i] == sm) {
            return true;
        }
    }
    return false;
}

/* A pair of the kernel file is compiled for every dtype, head dim and architecture that it is
 * offered for. */
static void check_pair(const tb_kernel *kernel, const tb_tile_set *set, size_t rank,
                       const tb_tile_pair *pair)
{
    int64_t q = tokens(pair->q_tile, rank), kv = tokens(pair->kv_tile, rank);
    for (size_t d = 0; d < set->dim_count; d++) {
        for (int dtype = 0; dtype < TB_DTYPE_COUNT; dtype++) {
            for (int a = 0; kernel->dtypes[dtype] && a < TB_CUDA_ARCH_COUNT; a++) {
                tb_problem problem = tb_problem_default();
                problem.dtype = (tb_dtype)dtype;
                problem.dim = problem.dim_value = set->dims[d];
                int sm = tb_cuda_arch_sm[a];
                const tb_kernel_variant *found =
                    tb_kernel_variant_find(&kernel->time.resources, &problem, q, kv, sm);
                if (!is_not_on(set, sm) && (found == NULL || found->dim != set->dims[d])) {
                    fail_msg("%s, head dim %lld, tiles of %lld x %lld, sm_%d: offered, but not "
                             "compiled",
                             tb_dtype_names[dtype], (long long)set->dims[d], (long long)q,
                             (long long)kv, sm);
                }
            }
        }
    }
}

static void kernel_file__offers_what_is_compiled(void **state)
{
    (void)state;
    tb_kernel *kernel = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_load(FILE_NAME, &kernel, &err), &err);
    int pairs = 0;
    for (size_t s = 0; s < kernel->set_count[TB_PASS_FORWARD]; s++) {
        const tb_tile_set *set = &kernel->sets[TB_PASS_FORWARD][s];
        for (size_t rank = 1; rank <= TB_MAX_RANK; rank++) {
            for (size_t i = 0; i < set->pair_count[rank - 1]; i++, pairs++) {
                check_pair(kernel, set, rank, &set->pairs[rank - 1][i]);
            }
        }
    }
    print_message("%d pairs of tiles\n", pairs);
    assert_true(pairs > 0);
    tb_kernel_destroy(kernel);
}

/* What is compiled for one head dim is offered, as runs of tokens. */
static void kernel_file__offers_all_that_is_compiled(void **state)
{
    (void)state;
    tb_kernel *kernel = NULL;
    tb_error err;
    tb_assert_ok(tb_kernel_load(FILE_NAME, &kernel, &err), &err);
    for (int i = 0; i < tb_cuda_variant_count; i++) {
        const tb_cuda_variant *v = &tb_cuda_variants[i];
        if (strcmp(v->kernel, KERNEL) != 0 || v->dim != v->dim_value) {
            continue;
        }
        tb_problem problem = tb_problem_default();
        problem.layout = (tb_layout){.rank = 1, .extent = {7200}};
        problem.dtype = v->dtype;
        problem.dim = problem.dim_value = v->dim;
        tb_tiling tiling = {
            .kind = TB_TILING_MULTI_DIM, .q_tile = {v->q_tile}, .kv_tile = {v->kv_tile}};
        assert_true(kernel->dtypes[v->dtype]);
        if (!tb_kernel_has_tiles(kernel, &problem, &tiling)) {
            fail_msg("%s is not offered", v->name);
        }
    }
    tb_kernel_destroy(kernel);
}

TB_TESTS(cmocka_unit_test(golden_table__has_the_rows_of_the_table_of_variants),
         cmocka_unit_test(kernel_file__has_the_registers_of_the_golden_table),
         cmocka_unit_test(kernel_file__offers_what_is_compiled),
         cmocka_unit_test(kernel_file__offers_all_that_is_compiled));
