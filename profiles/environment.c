#include "environment.h"

#include "system_text.h"
#include "text.h"
#include "yaml_fields.h"
#include "yaml_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define CPUFREQ "/sys/devices/system/cpu/cpu0/cpufreq/"
#define BUSY    0.3 /* other work on a CPU from which times suffer */

static const char *const environment_keys[] = {
    "date", "cpu",      "isa",       "cpus", "threads", "governor", "turbo", "virtual_machine",
    "os",   "compiler", "tilebound", "gpu",  NULL};
static const char *const gpu_keys[] = {"name",     "uuid",          "driver", "cuda",
                                       "compiler", "power_limit_w", NULL};

/* A copy of a text, NULL for an empty one; *failed when memory is exhausted. */
static const char *keep(tb_arena *arena, const char *text, bool *failed)
{
    if (text[0] == '\0') {
        return NULL;
    }
    const char *kept = tb_arena_text(arena, text, strlen(text));
    *failed = *failed || kept == NULL;
    return kept;
}

/* "on", "off" or NULL: two drivers say it in opposite ways. */
static const char *read_turbo(const char *root)
{
    char text[32];
    if (tb_system_line(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", text, sizeof text)) {
        return strcmp(text, "0") == 0 ? "on" : "off";
    }
    if (tb_system_line(root, "/sys/devices/system/cpu/cpufreq/boost", text, sizeof text)) {
        return strcmp(text, "1") == 0 ? "on" : "off";
    }
    return NULL;
}

/* The word `hypervisor` among the CPU's flags. */
static const char *read_virtual(const char *root)
{
    char flags[8192];
    if (!tb_system_value(root, "/proc/cpuinfo", "flags", flags, sizeof flags)) {
        return NULL;
    }
    return strstr(flags, " hypervisor ") != NULL ? "yes" : "no";
}

static const char *compiler_name(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "";
#endif
}

tb_status tb_environment_read(const char *root, const char *version, tb_arena *arena,
                              tb_environment *out, tb_error *err)
{
    tb_environment made = {.turbo = read_turbo(root), .virtual_machine = read_virtual(root)};
    char text[256] = "";
    bool failed = false;
    struct utsname names;
    struct tm day;
    time_t now = time(NULL);
    if (gmtime_r(&now, &day) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &day) > 0) {
        made.date = keep(arena, text, &failed);
    }
    if (tb_system_value(root, "/proc/cpuinfo", "model name", text, sizeof text)) {
        made.cpu = keep(arena, text, &failed);
    }
    if (tb_system_line(root, CPUFREQ "scaling_governor", text, sizeof text)) {
        made.governor = keep(arena, text, &failed);
    }
    if (uname(&names) == 0) {
        (void)snprintf(text, sizeof text, "%.60s %.100s %.60s", names.sysname, names.release,
                       names.machine);
        made.os = keep(arena, text, &failed);
        made.cpu = made.cpu == NULL ? keep(arena, names.machine, &failed) : made.cpu;
    }
    made.cpus = (int64_t)sysconf(_SC_NPROCESSORS_ONLN);
    made.compiler = keep(arena, compiler_name(), &failed);
    made.tilebound = keep(arena, version, &failed);
    if (failed) {
        return tb_fail(err, TB_ENOMEM, "no memory for the environment");
    }
    *out = made;
    return TB_OK;
}

/* Programs that run or wait for a CPU beside this one, over the last minute. */
static double read_load(const char *root)
{
    char text[128];
    if (!tb_system_line(root, "/proc/loadavg", text, sizeof text)) {
        return 0;
    }
    double load = 0;
    text[strcspn(text, " ")] = '\0';
    return tb_text_double(text, &load) ? load : 0;
}

void tb_environment_doubts(const char *root, const tb_environment *environment, tb_messages *out)
{
    double load = read_load(root);
    if (load > BUSY) {
        tb_messages_add(out,
                        "the last minute's load is %.1f on %lld CPUs; stop other programs before "
                        "measuring",
                        load, (long long)environment->cpus);
    }
    if (environment->virtual_machine != NULL && strcmp(environment->virtual_machine, "yes") == 0) {
        tb_messages_add(out, "this is a virtual machine, whose host decides what each CPU gets; "
                             "measure on the machine itself");
    }
    if (environment->governor != NULL && strcmp(environment->governor, "performance") != 0) {
        tb_messages_add(out,
                        "the governor is %s, so that clocks follow the load; set it to "
                        "performance",
                        environment->governor);
    }
    if (environment->turbo != NULL && strcmp(environment->turbo, "on") == 0) {
        tb_messages_add(out, "turbo is on, so that clocks follow temperature and the number of "
                             "busy CPUs; switch it off for times that repeat");
    }
}

static tb_status parse_gpu(const tb_yaml_node *map, tb_environment_gpu *out, tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    const tb_yaml_node *limit = tb_yaml_get(map, "power_limit_w");
    tb_status status = tb_yaml_check_keys(map, gpu_keys, err);
    const struct {
        const char *key;
        const char **out;
    } texts[] = {{"name", &out->name},
                 {"uuid", &out->uuid},
                 {"driver", &out->driver},
                 {"cuda", &out->cuda},
                 {"compiler", &out->compiler}};
    for (size_t i = 0; status == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        status = tb_field_text(map, texts[i].key, false, texts[i].out, err);
    }
    return status == TB_OK && limit != NULL
               ? tb_yaml_double(limit, 0, HUGE_VAL, &out->power_limit_w, err)
               : status;
}

tb_status tb_environment_parse(const tb_yaml_node *node, tb_environment *out, tb_error *err)
{
    *out = (tb_environment){0};
    if (node == NULL) {
        return TB_OK;
    }
    tb_status status = tb_yaml_check_keys(node, environment_keys, err);
    const struct {
        const char *key;
        const char **out;
    } texts[] = {{"date", &out->date},
                 {"cpu", &out->cpu},
                 {"isa", &out->isa},
                 {"governor", &out->governor},
                 {"turbo", &out->turbo},
                 {"virtual_machine", &out->virtual_machine},
                 {"os", &out->os},
                 {"compiler", &out->compiler},
                 {"tilebound", &out->tilebound}};
    for (size_t i = 0; status == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        status = tb_field_text(node, texts[i].key, false, texts[i].out, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(node, "cpus", 1, &out->cpus, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(node, "threads", 1, &out->threads, err);
    }
    return status == TB_OK ? parse_gpu(tb_yaml_get(node, "gpu"), &out->gpu, err) : status;
}

static void print_text(tb_buffer *out, const char *key, const char *text)
{
    if (text != NULL) {
        tb_buffer_printf(out, "  %s: ", key);
        tb_yaml_print_text(out, text);
        tb_buffer_text(out, "\n");
    }
}

static void print_int(tb_buffer *out, const char *key, int64_t value)
{
    if (value > 0) {
        tb_buffer_printf(out, "  %s: %lld\n", key, (long long)value);
    }
}

static void print_gpu(tb_buffer *out, const tb_environment_gpu *gpu)
{
    const struct {
        const char *key, *text;
    } texts[] = {{"uuid", gpu->uuid},
                 {"driver", gpu->driver},
                 {"cuda", gpu->cuda},
                 {"compiler", gpu->compiler}};
    if (gpu->name == NULL) {
        return;
    }
    tb_buffer_text(out, "  gpu: {name: ");
    tb_yaml_print_text(out, gpu->name);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].text != NULL) {
            tb_buffer_printf(out, ", %s: ", texts[i].key);
            tb_yaml_print_text(out, texts[i].text);
        }
    }
    if (gpu->power_limit_w > 0) {
        tb_buffer_text(out, ", power_limit_w: ");
        tb_yaml_print_double(out, gpu->power_limit_w);
    }
    tb_buffer_text(out, "}\n");
}

void tb_environment_print(const tb_environment *environment, tb_buffer *out)
{
    size_t before = out->length;
    tb_buffer_text(out, "environment:\n");
    size_t empty = out->length;
    print_text(out, "date", environment->date);
    print_text(out, "cpu", environment->cpu);
    print_text(out, "isa", environment->isa);
    print_int(out, "cpus", environment->cpus);
    print_int(out, "threads", environment->threads);
    print_text(out, "governor", environment->governor);
    print_text(out, "turbo", environment->turbo);
    print_text(out, "virtual_machine", environment->virtual_machine);
    print_text(out, "os", environment->os);
    print_text(out, "compiler", environment->compiler);
    print_text(out, "tilebound", environment->tilebound);
    print_gpu(out, &environment->gpu);
    if (out->length == empty && !out->failed && out->data != NULL) { /* nothing is known */
        out->length = before;
        out->data[before] = '\0';
    }
}
