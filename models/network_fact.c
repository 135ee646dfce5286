#include "network_fact.h"

#include <string.h>

static const char *const fact_keys[] = {"value", "source", "assumed", NULL};

/* A list as one text: 30x48x80. */
static tb_status join_list(const tb_yaml_node *list, tb_arena *arena, const char **out,
                           tb_error *err)
{
    char text[128] = "";
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        const char *item = "";
        tb_status status = tb_yaml_text(tb_yaml_item(list, i), &item, err);
        if (status != TB_OK) {
            return status;
        }
        if (strlen(text) + strlen(item) + 2 > sizeof text) {
            return tb_yaml_fail(list, err, "a value of more than 127 characters; make it shorter");
        }
        strcat(strcat(text, i == 0 ? "" : "x"), item);
    }
    *out = tb_arena_text(arena, text, strlen(text));
    return *out != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a network");
}

tb_status tb_network_fact_read(const tb_yaml_node *map, const char *name, tb_arena *arena,
                               tb_fact *fact, const tb_yaml_node **value, tb_error *err)
{
    tb_status status = tb_yaml_check_keys(map, fact_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "value", value, err);
    }
    if (status != TB_OK) {
        return status;
    }
    const tb_yaml_node *source = tb_yaml_get(map, "source"), *assumed = tb_yaml_get(map, "assumed");
    if ((source == NULL) == (assumed == NULL)) {
        return tb_yaml_fail(map, err, "a value needs either a source or why it is assumed");
    }
    *fact = (tb_fact){.name = name, .is_assumed = assumed != NULL};
    status = tb_yaml_is_list(*value) ? join_list(*value, arena, &fact->value, err)
                                     : tb_yaml_text(*value, &fact->value, err);
    return status == TB_OK ? tb_yaml_text(assumed != NULL ? assumed : source, &fact->source, err)
                           : status;
}

tb_status tb_network_fact_need(const tb_yaml_node *root, const char *name, tb_arena *arena,
                               tb_fact *fact, const tb_yaml_node **value, tb_error *err)
{
    const tb_yaml_node *map = NULL;
    tb_status status = tb_yaml_need(root, name, &map, err);
    return status == TB_OK ? tb_network_fact_read(map, name, arena, fact, value, err) : status;
}
