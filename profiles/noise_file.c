#include "noise_file.h"

#include "yaml_fields.h"
#include "yaml_print.h"

#include <math.h>
#include <string.h>

#define REASON_BITS 64

static const char *const noise_keys[] = {"samples",
                                         "disturbed",
                                         "preemptions",
                                         "steal_us",
                                         "frequency_min_mhz",
                                         "frequency_max_mhz",
                                         "sm_clock_min_mhz",
                                         "sm_clock_max_mhz",
                                         "power_capped",
                                         "throttle",
                                         "retries",
                                         "discarded",
                                         NULL};

/* Both ends of a range, or neither. */
static tb_status read_range(const tb_yaml_node *map, const char *low_key, const char *high_key,
                            bool *has, double *low, double *high, tb_error *err)
{
    const tb_yaml_node *from = tb_yaml_get(map, low_key), *to = tb_yaml_get(map, high_key);
    *has = from != NULL && to != NULL;
    if (!*has) {
        return TB_OK;
    }
    tb_status status = tb_yaml_double(from, 0, HUGE_VAL, low, err);
    return status == TB_OK ? tb_yaml_double(to, 0, HUGE_VAL, high, err) : status;
}

/* A reason by its name in tb_throttle_text(); 0 for none. */
static uint64_t reason_of(const char *name)
{
    for (int bit = 0; bit < REASON_BITS; bit++) {
        char text[64];
        tb_throttle_text(UINT64_C(1) << bit, text, sizeof text);
        if (strcmp(text, name) == 0) {
            return UINT64_C(1) << bit;
        }
    }
    return 0;
}

static tb_status read_throttle(const tb_yaml_node *list, uint64_t *out, tb_error *err)
{
    if (list == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of reasons is needed here");
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(list); i++) {
        const tb_yaml_node *item = tb_yaml_item(list, i);
        const char *name = NULL;
        status = tb_yaml_text(item, &name, err);
        uint64_t reason = status == TB_OK ? reason_of(name) : 0;
        if (status == TB_OK && reason == 0) {
            return tb_yaml_fail(item, err,
                                "'%.40s' is no reason of a GPU to hold its clocks down; 'power "
                                "cap' and 'hardware slowdown' are",
                                name);
        }
        *out |= reason;
    }
    return status;
}

static tb_status read_counts(const tb_yaml_node *map, tb_noise *out, tb_error *err)
{
    const struct {
        const char *key;
        int64_t least;
        int64_t *out;
    } counts[] = {{"samples", 1, &out->samples},         {"disturbed", 0, &out->disturbed},
                  {"preemptions", 0, &out->preemptions}, {"power_capped", 0, &out->power_capped},
                  {"retries", 0, &out->retries},         {"discarded", 0, &out->discarded}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof counts / sizeof *counts; i++) {
        status = tb_field_int(map, counts[i].key, counts[i].least, counts[i].out, err);
    }
    return status;
}

tb_status tb_noise_parse(const tb_yaml_node *map, tb_noise *out, tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    const tb_yaml_node *steal = tb_yaml_get(map, "steal_us");
    tb_status status = tb_yaml_check_keys(map, noise_keys, err);
    if (status == TB_OK) {
        status = read_counts(map, out, err);
    }
    out->has_steal = steal != NULL;
    if (status == TB_OK && steal != NULL) {
        status = tb_yaml_double(steal, 0, HUGE_VAL, &out->steal_us, err);
    }
    if (status == TB_OK) {
        status = read_range(map, "frequency_min_mhz", "frequency_max_mhz", &out->has_frequency,
                            &out->frequency_min_mhz, &out->frequency_max_mhz, err);
    }
    if (status == TB_OK) {
        status = read_range(map, "sm_clock_min_mhz", "sm_clock_max_mhz", &out->has_sm_clock,
                            &out->sm_clock_min_mhz, &out->sm_clock_max_mhz, err);
    }
    return status == TB_OK ? read_throttle(tb_yaml_get(map, "throttle"), &out->throttle, err)
                           : status;
}

static void print_number(tb_buffer *out, const char *key, double value)
{
    tb_buffer_printf(out, ", %s: ", key);
    tb_yaml_print_double(out, value);
}

static void print_count(tb_buffer *out, const char *key, int64_t count)
{
    if (count > 0) {
        tb_buffer_printf(out, ", %s: %lld", key, (long long)count);
    }
}

static void print_throttle(tb_buffer *out, uint64_t reasons)
{
    const char *joint = ", throttle: [";
    for (int bit = 0; bit < REASON_BITS; bit++) {
        char text[64];
        if ((reasons >> bit & 1) != 0) {
            tb_throttle_text(UINT64_C(1) << bit, text, sizeof text);
            tb_buffer_printf(out, "%s%s", joint, text);
            joint = ", ";
        }
    }
    tb_buffer_text(out, reasons != 0 ? "]" : "");
}

void tb_noise_print(const tb_noise *noise, tb_buffer *out)
{
    if (noise->samples == 0) {
        return;
    }
    tb_buffer_printf(out, "    noise: {samples: %lld, disturbed: %lld, preemptions: %lld",
                     (long long)noise->samples, (long long)noise->disturbed,
                     (long long)noise->preemptions);
    if (noise->has_steal) {
        print_number(out, "steal_us", noise->steal_us);
    }
    if (noise->has_frequency) {
        print_number(out, "frequency_min_mhz", noise->frequency_min_mhz);
        print_number(out, "frequency_max_mhz", noise->frequency_max_mhz);
    }
    if (noise->has_sm_clock) {
        print_number(out, "sm_clock_min_mhz", noise->sm_clock_min_mhz);
        print_number(out, "sm_clock_max_mhz", noise->sm_clock_max_mhz);
    }
    print_count(out, "power_capped", noise->power_capped);
    print_throttle(out, noise->throttle);
    print_count(out, "retries", noise->retries);
    print_count(out, "discarded", noise->discarded);
    tb_buffer_text(out, "}\n");
}
