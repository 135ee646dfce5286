#include "list_kernel.h"

#include "kernel.h"
#include "predict_view.h"
#include "table.h"
#include "version.h"

static void cell_dims(tb_table *table, const tb_tile_set *set)
{
    tb_buffer dims = {0};
    for (size_t i = 0; i < set->dim_count; i++) {
        tb_buffer_printf(&dims, "%s%lld", i == 0 ? "" : ", ", (long long)set->dims[i]);
    }
    tb_table_cell(table, "%s", set->dim_count > 0 && dims.data != NULL ? dims.data : "any");
    tb_buffer_free(&dims);
}

/* Takes one tile pair of a kernel with the rank and set that it stands in. */
typedef void tile_fn(void *user, tb_pass pass, const tb_tile_set *set, int rank, size_t i,
                     bool is_default);

/* A set's default is the kernel's where no earlier set serves the same head dims in this rank. */
static bool decides_default(const tb_kernel *kernel, int pass, size_t s, int rank)
{
    const tb_tile_set *set = &kernel->sets[pass][s];
    for (size_t earlier = 0; earlier < s; earlier++) {
        const tb_tile_set *other = &kernel->sets[pass][earlier];
        bool serves = set->dim_count == 0 || tb_tile_set_serves(other, set->dims[0]);
        if (serves && other->pair_count[rank - 1] > 0) {
            return false;
        }
    }
    return true;
}

static void each_tile(const tb_kernel *kernel, tile_fn *take, void *user)
{
    for (int pass = 0; pass < TB_PASS_COUNT; pass++) {
        for (size_t s = 0; s < kernel->set_count[pass]; s++) {
            const tb_tile_set *set = &kernel->sets[pass][s];
            for (int rank = 1; rank <= TB_MAX_RANK; rank++) {
                bool decides = decides_default(kernel, pass, s, rank);
                for (size_t i = 0; i < set->pair_count[rank - 1]; i++) {
                    take(user, (tb_pass)pass, set, rank, i,
                         decides && set->default_pair[rank - 1] == i);
                }
            }
        }
    }
}

static void cell_tile(void *user, tb_pass pass, const tb_tile_set *set, int rank, size_t i,
                      bool is_default)
{
    tb_table *table = user;
    char q[96], kv[96];
    const tb_tile_pair *pair = &set->pairs[rank - 1][i];
    tb_table_cell(table, "%s", tb_pass_names[pass]);
    tb_table_cell(table, "%d", rank);
    cell_dims(table, set);
    tb_table_cell(table, "%s", set->gemm != NULL ? set->gemm : "-");
    tb_table_cell(table, "%s", tb_view_dims(pair->q_tile, rank, q));
    tb_table_cell(table, "%s", tb_view_dims(pair->kv_tile, rank, kv));
    tb_table_cell(table, "%s", is_default ? "first choice" : "");
}

static void put_tile(void *user, tb_pass pass, const tb_tile_set *set, int rank, size_t i,
                     bool is_default)
{
    tb_document *doc = user;
    const tb_tile_pair *pair = &set->pairs[rank - 1][i];
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "pass", tb_pass_names[pass]);
    tb_document_int(doc, "rank", rank);
    tb_document_ints(doc, "dims", set->dims, set->dim_count);
    tb_document_text(doc, "gemm", set->gemm);
    tb_document_ints(doc, "q_tile", pair->q_tile, (size_t)rank);
    tb_document_ints(doc, "kv_tile", pair->kv_tile, (size_t)rank);
    tb_document_bool(doc, "default", is_default);
    tb_document_close(doc);
}

static void print_flags(tb_buffer *out, const char *title, const bool *flags, size_t count,
                        const char *(*name)(size_t))
{
    tb_buffer_printf(out, "%-12s", title);
    const char *joint = "";
    for (size_t i = 0; i < count; i++) {
        if (flags[i]) {
            tb_buffer_printf(out, "%s%s", joint, name(i));
            joint = ", ";
        }
    }
    tb_buffer_text(out, "\n");
}

static const char *dtype_name(size_t i)
{
    return tb_dtype_names[i];
}

static const char *pattern_name(size_t i)
{
    return tb_pattern_name((tb_pattern_kind)i);
}

static void put_flags(tb_document *doc, const char *key, const bool *flags, size_t count,
                      const char *(*name)(size_t))
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < count; i++) {
        if (flags[i]) {
            tb_document_text(doc, NULL, name(i));
        }
    }
    tb_document_close(doc);
}

static void put_texts(tb_document *doc, const char *key, const char *const *texts, size_t count)
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < count; i++) {
        tb_document_text(doc, NULL, texts[i]);
    }
    tb_document_close(doc);
}

static void print_fits(const tb_kernel *kernel, tb_buffer *out)
{
    if (!kernel->time.given) {
        tb_buffer_text(out, "time        no time model\n");
        return;
    }
    tb_buffer_text(out, "time        ");
    for (size_t i = 0; i < kernel->time.fit_count; i++) {
        tb_buffer_printf(out, "%s%s (%lld %sruns, %s)", i == 0 ? "fitted on " : ", ",
                         kernel->time.fits[i].device, (long long)kernel->time.fits[i].runs,
                         kernel->time.fits[i].is_emulated ? "emulated " : "",
                         kernel->time.fits[i].date);
    }
    tb_buffer_text(out, kernel->time.fit_count == 0 ? "modelled, not fitted\n" : "\n");
}

static void print_kernel(const tb_kernel *kernel, tb_buffer *out)
{
    tb_buffer_printf(out, "%s: %s\n\nsource      %s\n", kernel->name, kernel->summary,
                     kernel->source);
    tb_buffer_text(out, "devices     ");
    if (kernel->compute_capability_count == 0 && kernel->compute_capability_min == 0) {
        tb_buffer_text(out, kernel->is_for_cpus ? "processors" : "any");
    } else if (kernel->compute_capability_count == 0) {
        tb_buffer_printf(out, "compute capability %lld and later",
                         (long long)kernel->compute_capability_min);
    }
    for (size_t i = 0; i < kernel->compute_capability_count; i++) {
        tb_buffer_printf(out, "%s%lld", i == 0 ? "compute capability " : ", ",
                         (long long)kernel->compute_capabilities[i]);
    }
    tb_buffer_text(out, "\n");
    print_flags(out, "dtypes", kernel->dtypes, TB_DTYPE_COUNT, dtype_name);
    print_flags(out, "patterns", kernel->patterns, TB_PATTERN_COUNT, pattern_name);
    tb_buffer_printf(out, "tiling      %s, %s KV tiles\nmask        %s\npermutation %s\n",
                     tb_tiling_kind_names[kernel->tiling], tb_kv_tiling_names[kernel->kv_tiling],
                     tb_mask_policy_names[kernel->mask], tb_permutation_names[kernel->permutation]);
    print_fits(kernel, out);
    for (size_t i = 0; i < kernel->schedule_count; i++) {
        tb_buffer_printf(out, "schedule    %s\n", kernel->schedules[i]);
    }
    for (size_t i = 0; i < kernel->note_count; i++) {
        tb_buffer_printf(out, "note        %s\n", kernel->notes[i]);
    }
    tb_buffer_text(out, "\n");
    static const char *const heads[] = {"pass",       "rank",    "head dims", "GEMM",
                                        "query tile", "KV tile", "default"};
    tb_table table = tb_table_begin("lrlrrrl");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    each_tile(kernel, cell_tile, &table);
    tb_table_print(&table, out);
}

tb_status tb_list_kernel(const tb_output_args *output, const char *name, tb_error *err)
{
    tb_kernel *kernel = NULL;
    tb_status status = tb_kernel_load(name, &kernel, err);
    if (status != TB_OK) {
        return status;
    }
    if (tb_output_format(output) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        print_kernel(kernel, &text);
        status = tb_output_text(output, &text, err);
    } else {
        tb_document *doc = tb_document_create("list-kernel", TB_VERSION);
        tb_document_text(doc, "name", kernel->name);
        tb_document_text(doc, "summary", kernel->summary);
        tb_document_text(doc, "source", kernel->source);
        tb_document_ints(doc, "compute_capabilities", kernel->compute_capabilities,
                         kernel->compute_capability_count);
        tb_document_int(doc, "compute_capability_min", kernel->compute_capability_min);
        put_flags(doc, "dtypes", kernel->dtypes, TB_DTYPE_COUNT, dtype_name);
        put_flags(doc, "patterns", kernel->patterns, TB_PATTERN_COUNT, pattern_name);
        tb_document_text(doc, "permutation", tb_permutation_names[kernel->permutation]);
        put_texts(doc, "schedules", kernel->schedules, kernel->schedule_count);
        put_texts(doc, "notes", kernel->notes, kernel->note_count);
        tb_document_bool(doc, "has_time_model", kernel->time.given);
        tb_document_text(doc, "mask_policy", tb_mask_policy_names[kernel->mask]);
        tb_document_text(doc, "tiling", tb_tiling_kind_names[kernel->tiling]);
        tb_document_text(doc, "kv_tiling", tb_kv_tiling_names[kernel->kv_tiling]);
        tb_document_open_array(doc, "tiles");
        each_tile(kernel, put_tile, doc);
        tb_document_close(doc);
        status = tb_output_document(output, doc, "tiles", err);
    }
    tb_kernel_destroy(kernel);
    return status;
}
