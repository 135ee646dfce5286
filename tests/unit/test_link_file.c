/* Links between devices: every file, what they give of a device, and bad files. */
#include "arena.h"
#include "catalogue.h"
#include "link.h"
#include "test_support.h"

#include <string.h>

static const char *const good = "schema: tilebound/link/1\n"
                                "name: mine\n"
                                "summary: a link\n"
                                "gb_per_s: 12.5\n"
                                "latency_us: 4\n"
                                "sources: ['made up']\n";

static void links__every_file_loads_and_names_its_sources(void **state)
{
    (void)state;
    tb_error err = {0};
    const char *const *names = NULL;
    size_t count = 0;
    tb_arena *arena = tb_arena_create();
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_LINK, arena, &names, &count, &err), &err);
    assert_true(count >= 6);
    for (size_t i = 0; i < count; i++) {
        tb_link_facts *link = NULL;
        tb_assert_ok(tb_link_load(names[i], &link, &err), &err);
        assert_string_equal(link->name, names[i]);
        assert_true(link->latency_us > 0 && link->source_count >= 2);
        assert_true(link->is_of_device ? link->part > 0 : link->gb_per_s > 0);
        tb_link_destroy(link);
    }
    tb_arena_destroy(arena);
}

static void links__nvlink_is_half_of_both_directions(void **state)
{
    (void)state;
    tb_error err = {0};
    bool is_assumed = true;
    tb_link out;
    tb_device *device = NULL;
    tb_link_facts *link = NULL;
    tb_assert_ok(tb_link_load("nvlink", &link, &err), &err);
    tb_assert_ok(tb_device_load("h100-sxm", &device, &err), &err);
    tb_assert_ok(tb_link_of(link, device, &out, &is_assumed, &err), &err);
    assert_true(out.gb_per_s == 450 && out.latency_us == 3.4 && !is_assumed);
    tb_device_destroy(device);
    tb_assert_ok(tb_device_load("h800", &device, &err), &err);
    tb_assert_ok(tb_link_of(link, device, &out, &is_assumed, &err), &err);
    assert_true(out.gb_per_s == 200 && is_assumed);
    tb_device_destroy(device);
    tb_assert_ok(tb_device_load("l4", &device, &err), &err);
    tb_assert_fails(tb_link_of(link, device, &out, &is_assumed, &err), &err, TB_EINVAL,
                    "nvlink_total_bidir_gb_per_s");
    tb_assert_ok(tb_device_set(device, "nvlink_total_bidir_gb_per_s=0", &err), &err);
    tb_assert_fails(tb_link_of(link, device, &out, &is_assumed, &err), &err, TB_EINVAL,
                    "has no nvlink");
    tb_device_destroy(device);
    tb_link_destroy(link);
}

static tb_status load_link(const char *path, tb_error *err)
{
    tb_link_facts *link = NULL;
    tb_status status = tb_link_load(path, &link, err);
    tb_link_destroy(link);
    return status;
}

static void links__bad_files_are_refused_where_they_are_bad(void **state)
{
    (void)state;
    tb_error err = {0};
    static const tb_test_refusal refusals[] = {
        {"gb_per_s: 12.5", "gb_per_s: -3", "", 4, 11},
        {"gb_per_s: 12.5", "gb_per_s: 0", "above 0", 4, 11},
        {"gb_per_s: 12.5\n", "", "gb_per_s or of_device", 1, 1},
        {"gb_per_s: 12.5", "of_device: {value: nvlink, part: 1}", "nvlink", 4, 20},
        {"gb_per_s: 12.5", "of_device: {value: pcie_gb_per_s}", "part", 4, 12},
        {"latency_us: 4\n", "", "latency_us", 1, 1},
        {"latency_us", "latncy_us", "latency_us", 5, 1},
    };
    tb_assert_ok(load_link(tb_test_file("mine.yaml", good, strlen(good)), &err), &err);
    tb_test_refusals("bad.yaml", good, refusals, sizeof refusals / sizeof *refusals, load_link);
    tb_assert_fails(load_link("nvlnk", &err), &err, TB_EINVAL, "did you mean 'nvlink'?");
}

TB_TESTS(cmocka_unit_test(links__every_file_loads_and_names_its_sources),
         cmocka_unit_test(links__nvlink_is_half_of_both_directions),
         cmocka_unit_test(links__bad_files_are_refused_where_they_are_bad));
