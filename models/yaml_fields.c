#include "yaml_fields.h"

tb_status tb_field_text(const tb_yaml_node *map, const char *key, bool required, const char **out,
                        tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    if (node == NULL && !required) {
        return TB_OK;
    }
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_text(node, out, err) : status;
}

tb_status tb_field_int(const tb_yaml_node *map, const char *key, int64_t min, int64_t *out,
                       tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    return node == NULL ? TB_OK : tb_yaml_int(node, min, INT64_MAX, out, err);
}

tb_status tb_field_texts(const tb_yaml_node *node, tb_arena *arena, const char *const **out,
                         size_t *count, tb_error *err)
{
    size_t wanted = node == NULL ? 0 : tb_yaml_count(node);
    const char **texts = tb_arena_array(arena, wanted + 1, sizeof *texts);
    if (texts == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a list of texts");
    }
    if (node != NULL && !tb_yaml_is_list(node)) {
        return tb_yaml_fail(node, err, "a list of texts is needed here");
    }
    for (size_t i = 0; i < wanted; i++) {
        tb_status status = tb_yaml_text(tb_yaml_item(node, i), &texts[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    *out = texts;
    *count = wanted;
    return TB_OK;
}
