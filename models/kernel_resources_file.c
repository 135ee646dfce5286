#include "kernel_resources_file.h"

#include "yaml_fields.h"

/* Of every compute capability (CUDA C++ Programming Guide, table of technical specifications). */
#define MAX_THREADS   1024
#define MAX_REGISTERS 255
/* More than any of it, so that no sum of them passes 2^63. */
#define MAX_BYTES  (INT64_C(1) << 40)
#define MAX_TOKENS (INT64_C(1) << 31)

static const char *const resource_keys[] = {"threads",    "registers", "smem_q", "smem_kv",
                                            "smem_bytes", "variants",  NULL};
static const char *const variant_keys[] = {"dtype",        "dim",     "dim_value", "q_tile",
                                           "kv_tile",      "threads", "registers", "smem_bytes",
                                           "compiled_for", NULL};

static tb_status need_int(const tb_yaml_node *map, const char *key, int64_t min, int64_t max,
                          int64_t *out, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_int(node, min, max, out, err) : status;
}

static tb_status read_compiled_for(const tb_yaml_node *map, tb_arena *arena, tb_kernel_variant *out,
                                   tb_error *err)
{
    const tb_yaml_node *list = NULL;
    tb_status status = tb_yaml_need(map, "compiled_for", &list, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t *values = tb_arena_array(arena, tb_yaml_count(list) + 1, sizeof *values);
    if (values == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
    }
    out->compute_capabilities = values;
    return tb_yaml_int_list(list, tb_yaml_count(list), 1, 999, values,
                            &out->compute_capability_count, err);
}

static tb_status read_variant(const tb_yaml_node *map, tb_arena *arena, tb_kernel_variant *out,
                              tb_error *err)
{
    const struct {
        const char *key;
        int64_t min, max;
        int64_t *to;
    } numbers[] = {{"dim", 1, MAX_TOKENS, &out->dim},
                   {"dim_value", 1, MAX_TOKENS, &out->dim_value},
                   {"q_tile", 1, MAX_TOKENS, &out->q_tile},
                   {"kv_tile", 1, MAX_TOKENS, &out->kv_tile},
                   {"threads", 1, MAX_THREADS, &out->threads},
                   {"registers", 1, MAX_REGISTERS, &out->registers},
                   {"smem_bytes", 0, MAX_BYTES, &out->smem_bytes}};
    const tb_yaml_node *node = NULL;
    size_t dtype = 0;
    tb_status status = tb_yaml_check_keys(map, variant_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "dtype", &node, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_choice(node, tb_dtype_names, TB_DTYPE_COUNT, &dtype, err);
    }
    out->dtype = (tb_dtype)dtype;
    for (size_t i = 0; status == TB_OK && i < sizeof numbers / sizeof *numbers; i++) {
        status = need_int(map, numbers[i].key, numbers[i].min, numbers[i].max, numbers[i].to, err);
    }
    return status == TB_OK ? read_compiled_for(map, arena, out, err) : status;
}

static tb_status read_variants(const tb_yaml_node *list, tb_arena *arena, tb_kernel_resources *out,
                               tb_error *err)
{
    if (list == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of compiled forms is needed here");
    }
    tb_kernel_variant *variants = tb_arena_array(arena, tb_yaml_count(list) + 1, sizeof *variants);
    if (variants == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
    }
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        tb_status status = read_variant(tb_yaml_item(list, i), arena, &variants[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    out->variants = variants;
    out->variant_count = tb_yaml_count(list);
    return TB_OK;
}

/* A multiple under `key`; absent = 0. */
static tb_status read_multiple(const tb_yaml_node *map, const char *key, double *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    return node == NULL ? TB_OK : tb_yaml_double(node, 0, 1024, out, err);
}

tb_status tb_kernel_read_resources(const tb_yaml_node *map, tb_arena *arena,
                                   tb_kernel_resources *out, tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(map, resource_keys, err);
    if (status == TB_OK) {
        status = tb_field_int(map, "threads", 1, &out->threads, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "registers", 1, &out->registers, err);
    }
    if (status == TB_OK) {
        status = read_multiple(map, "smem_q", &out->smem_q, err);
    }
    if (status == TB_OK) {
        status = read_multiple(map, "smem_kv", &out->smem_kv, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "smem_bytes", 0, &out->smem_bytes, err);
    }
    if (status == TB_OK && (out->threads < 1 || out->registers < 1)) {
        return tb_yaml_fail(map, err, "resources need threads and registers");
    }
    if (status == TB_OK && (out->threads > MAX_THREADS || out->registers > MAX_REGISTERS)) {
        return tb_yaml_fail(map, err, "a CTA has at most %d threads of at most %d registers",
                            MAX_THREADS, MAX_REGISTERS);
    }
    if (status == TB_OK) {
        status = read_variants(tb_yaml_get(map, "variants"), arena, out, err);
    }
    out->given = status == TB_OK;
    return status;
}
