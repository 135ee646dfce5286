#include "device_print.h"

#include "yaml_print.h"

static void print_text(tb_buffer *out, const char *indent, const char *key, const char *text)
{
    if (text != NULL) {
        tb_buffer_printf(out, "%s%s: ", indent, key);
        tb_yaml_print_text(out, text);
        tb_buffer_text(out, "\n");
    }
}

static void print_texts(tb_buffer *out, const char *indent, const char *key,
                        const char *const *texts, size_t count)
{
    if (count > 0) {
        tb_buffer_printf(out, "%s%s:\n", indent, key);
    }
    for (size_t i = 0; i < count; i++) {
        tb_buffer_printf(out, "%s  - ", indent);
        tb_yaml_print_text(out, texts[i]);
        tb_buffer_text(out, "\n");
    }
}

/* The values of one origin, under their key. */
static void print_values(const tb_device *device, const char *indent, bool assumed, tb_buffer *out)
{
    size_t printed = 0;
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        const tb_device_value *value = &device->values[i];
        if (value->origin == TB_VALUE_UNKNOWN || (value->origin == TB_VALUE_ASSUMED) != assumed) {
            continue;
        }
        if (printed++ == 0) {
            tb_buffer_printf(out, "%s%s:\n", indent, assumed ? "assumed" : "values");
        }
        tb_buffer_printf(out, "%s  %s: ", indent, tb_device_value_names[i]);
        tb_buffer_text(out, assumed ? "{value: " : "");
        tb_yaml_print_double(out, value->value);
        if (assumed) {
            tb_buffer_text(out, ", why: ");
            tb_yaml_print_text(out, value->why != NULL ? value->why : "");
            tb_buffer_text(out, "}");
        }
        tb_buffer_text(out, "\n");
    }
    if (printed == 0 && !assumed) { /* the key is required */
        tb_buffer_printf(out, "%svalues: {}\n", indent);
    }
}

static void print_measured(const tb_device *device, const char *indent, tb_buffer *out)
{
    if (device->measured_count > 0) {
        tb_buffer_printf(out, "%smeasured:\n", indent);
    }
    for (size_t i = 0; i < device->measured_count; i++) {
        const tb_measured_fact *fact = &device->measured[i];
        tb_buffer_printf(out, "%s  %s: {median: ", indent, fact->name);
        tb_yaml_print_double(out, fact->median);
        tb_buffer_text(out, ", low: ");
        tb_yaml_print_double(out, fact->low);
        tb_buffer_text(out, ", high: ");
        tb_yaml_print_double(out, fact->high);
        if (fact->samples > 0) {
            tb_buffer_printf(out, ", samples: %lld", (long long)fact->samples);
        }
        if (fact->published > 0) {
            tb_buffer_text(out, ", published: ");
            tb_yaml_print_double(out, fact->published);
        }
        if (fact->method != NULL) {
            tb_buffer_text(out, ", method: ");
            tb_yaml_print_text(out, fact->method);
        }
        tb_buffer_text(out, "}\n");
    }
}

void tb_device_print(const tb_device *device, const char *indent, tb_buffer *out)
{
    print_text(out, indent, "name", device->name);
    print_text(out, indent, "summary", device->summary);
    print_text(out, indent, "like", device->like);
    print_text(out, indent, "base", device->base);
    print_text(out, indent, "dense_kernel", device->dense_kernel);
    print_text(out, indent, "default_kernel", device->default_kernel);
    if (device->compute_capability > 0) {
        tb_buffer_printf(out, "%scompute_capability: %lld\n", indent,
                         (long long)device->compute_capability);
    }
    if (device->is_cpu) {
        tb_buffer_printf(out, "%sis_cpu: true\n", indent);
    }
    if (device->is_emulated) {
        tb_buffer_printf(out, "%semulated: true\n", indent);
    }
    print_texts(out, indent, "aliases", device->aliases, device->alias_count);
    print_values(device, indent, false, out);
    print_values(device, indent, true, out);
    print_texts(out, indent, "from_base", device->from_base, device->from_base_count);
    print_measured(device, indent, out);
    print_texts(out, indent, "notes", device->notes, device->note_count);
    print_texts(out, indent, "doubtful", device->doubtful, device->doubtful_count);
    print_texts(out, indent, "sources", device->sources, device->source_count);
}
