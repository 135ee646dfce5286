#include "study_masks.h"

#include "file.h"
#include "pattern_file.h"

#include <stdlib.h>
#include <string.h>

#define MASK "pattern.mask"

static void print_mask(const tb_study *study, const tb_yaml_node *node, tb_buffer *out)
{
    const char *name = NULL;
    char checksum[17];
    tb_file_bytes bytes = {0};
    if (tb_yaml_text(node, &name, NULL) != TB_OK) {
        return;
    }
    char *path = tb_pattern_mask_path(study->path, name);
    tb_status status = path != NULL ? tb_file_read(path, SIZE_MAX, &bytes, NULL) : TB_ENOMEM;
    if (status == TB_ENOMEM) {
        out->failed = true;
    } else if (status == TB_OK) {
        tb_buffer_printf(out, "mask %s: %s\n", name,
                         tb_study_checksum((const char *)bytes.data, bytes.length, checksum));
    } else {
        tb_buffer_printf(out, "mask %s: cannot be read\n", name);
    }
    tb_file_release(&bytes);
    free(path);
}

static void print_axis(const tb_study *study, const tb_study_axis *axis, tb_buffer *out)
{
    for (size_t i = 0; axis->kind == TB_AXIS_LIST && i < tb_yaml_count(axis->values); i++) {
        print_mask(study, tb_yaml_item(axis->values, i), out);
    }
}

void tb_study_masks_print(const tb_study *study, tb_buffer *out)
{
    for (size_t e = 0; e < study->entry_count; e++) {
        const tb_study_entry *entry = &study->entries[e];
        const tb_yaml_node *mask = tb_yaml_get(tb_yaml_get(entry->node, "pattern"), "mask");
        if (mask != NULL) {
            print_mask(study, mask, out);
        }
        for (size_t a = 0; a < entry->axes.count; a++) {
            if (strcmp(entry->axes.axis[a].path, MASK) == 0) {
                print_axis(study, &entry->axes.axis[a], out);
            }
        }
    }
}
