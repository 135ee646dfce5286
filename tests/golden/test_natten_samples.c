/* What natten.profiler printed for NATTEN's own guide, imported, is what profiles/published has of
 * it: kernel, kind, time, permutation and baseline. */
#include "test_support.h"

#include "measured_speedup.h"
#include "profile.h"
#include "profile_import.h"

#include <stdio.h>
#include <string.h>

#define SAMPLES TB_SOURCE_DIR "/tests/cli/inputs/natten/"

/* A sample, the published run that was typed in from it, and the dense sample beside it. */
typedef struct sample {
    const char *text, *dense, *profile, *run;
} sample;

static const sample samples[] = {
    {"profiler-3d-hunyuan-na-hopper-fna-h100.txt", "profiler-3d-hunyuan-cudnn-h100.txt",
     "natten-h100", "natten-h100-hunyuan-s1"},
    {"profiler-1d-32k-w2k-blackwell-fna-b200.txt", "profiler-1d-32k-cudnn-b200.txt", "natten-b200",
     "natten-b200-1d32k-w2048-s1"},
    {"profiler-2d-flux-gna-blackwell-fna-b200.txt", NULL, "natten-b200", "natten-b200-flux-s16"},
};

static void assert_same_run(const tb_run *run, const tb_run *published)
{
    assert_string_equal(run->device, published->device);
    assert_string_equal(run->kernel, published->kernel);
    assert_int_equal(run->kind, published->kind);
    assert_int_equal(run->includes, published->includes);
    assert_int_equal(run->permute_us.given, published->permute_us.given);
    tb_assert_close(run->permute_us.value, published->permute_us.value, 0);
    tb_assert_close(run->time.median_us, published->time.median_us, 0);
    assert_true(tb_run_same_work(&run->item.problem, &published->item.problem));
    assert_int_equal(run->item.pattern.kind, published->item.pattern.kind);
    assert_int_equal(run->item.tiling.q_dims, published->item.tiling.q_dims);
}

static void check_sample(const sample *s)
{
    char text[512], dense[512];
    const char *paths[] = {text, dense};
    tb_profile *published = NULL, *imported = NULL;
    tb_device *device = NULL;
    tb_yaml *tree = NULL;
    tb_error err;
    (void)snprintf(text, sizeof text, SAMPLES "%s", s->text);
    (void)snprintf(dense, sizeof dense, SAMPLES "%s", s->dense != NULL ? s->dense : "");
    tb_assert_ok(tb_profile_load(s->profile, &published, &err), &err);
    const tb_run *run = tb_profile_find(published, s->run);
    assert_non_null(run);
    tb_assert_ok(tb_device_load(run->device, &device, &err), &err);
    tb_import_options options = {.item = &run->item, .device = device};
    tb_assert_ok(tb_profile_import(paths, s->dense != NULL ? 2 : 1, &options, &tree, &err), &err);
    tb_assert_ok(tb_profile_from_tree(tree, "imported", &imported, &err), &err);
    assert_same_run(&imported->runs[0], run);
    assert_int_equal(imported->runs[0].has_baseline, s->dense != NULL);
    if (s->dense != NULL) {
        assert_int_equal(imported->count, 2);
        assert_int_equal(imported->runs[0].baseline, 1);
        assert_same_run(&imported->runs[1], &published->runs[run->baseline]);
    }
    tb_profile_destroy(imported);
    tb_profile_destroy(published);
    tb_device_destroy(device);
}

static void natten_samples__give_the_published_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        check_sample(&samples[i]);
    }
}

TB_TESTS(cmocka_unit_test(natten_samples__give_the_published_runs));
