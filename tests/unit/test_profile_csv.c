/* Profiles from CSV files: the same runs as from YAML, and complaints in the cell's place. */
#include "test_support.h"

#include "profile.h"
#include "profile_csv.h"

#include <string.h>

#define HEAD "id,device,kernel,problem.layout,problem.heads,problem.dim,problem.dtype,"

static tb_status load(const char *text, tb_profile **out, tb_error *err)
{
    return tb_profile_load(tb_test_file("my.runs.csv", text, strlen(text)), out, err);
}

static tb_profile *loaded(const char *text)
{
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(load(text, &profile, &err), &err);
    return profile;
}

static void refused(const char *text, int line, int column, const char *part)
{
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_fails(load(text, &profile, &err), &err, TB_EFILE, part);
    tb_assert_position(&err, line, column);
    assert_null(profile);
}

static void csv_profile__runs_as_stated(void **state)
{
    (void)state;
    tb_profile *profile = loaded(
        "pattern.window,id,device,kernel,kernel_text,kind,problem.layout,problem.heads,"
        "problem.dim,problem.dtype,problem.batch,problem.heads_kv,problem.pass,pattern.stride,"
        "pattern.causal,tiling.q_tile,tiling.kv_tile,time_us,time_us.n,time_us.low,time_us.high,"
        "permute_us,quality,source,notes,baseline,includes,extra.steps,emulated,clock\n"
        ",dense,h100-sxm,cudnn,cuDNN 9,dense,12x72,3,64,fp16,2,3,forward,,,,,96,12,90.5,99,,A,here,"
        "\"cold, alone\",,attention,50,false,\n"
        "\"7,12\",na,h100-sxm,cutlass-hopper-fna,,,12x72,3,64,fp16,2,3,forward,1x4,1x0,\"8,16\","
        "8x16,"
        "7.3e1,,,,2.5,,,,dense,attention+permutation,,true,cuda-events\n");
    assert_string_equal(profile->name, "my.runs");
    assert_int_equal(profile->count, 2);
    const tb_run *dense = &profile->runs[0], *na = &profile->runs[1];
    assert_int_equal(dense->kind, TB_RUN_DENSE);
    assert_string_equal(dense->kernel_text, "cuDNN 9");
    assert_int_equal(dense->item.problem.layout.rank, 2);
    assert_int_equal(dense->item.problem.layout.extent[1], 72);
    assert_int_equal(dense->item.problem.batch, 2);
    assert_int_equal(dense->item.pattern.kind, TB_PATTERN_DENSE); /* where none is given */
    assert_null(dense->defaults);
    tb_assert_close(dense->time.median_us, 96, 0);
    assert_int_equal(dense->time.n, 12);
    assert_true(dense->time.has_spread);
    tb_assert_close(dense->time.low_us, 90.5, 0);
    assert_string_equal(dense->notes, "cold, alone");
    assert_string_equal(dense->quality, "A");
    assert_false(dense->emulated || dense->has_baseline || dense->permute_us.given);
    assert_int_equal(na->kind, TB_RUN_SPARSE); /* by its pattern */
    assert_int_equal(na->item.pattern.kind, TB_PATTERN_GNA);
    assert_int_equal(na->item.pattern.window[0], 7);
    assert_int_equal(na->item.pattern.stride[1], 4);
    assert_true(na->item.pattern.causal[0] && !na->item.pattern.causal[1]);
    assert_int_equal(na->item.tiling.q_tile[1], 16);
    tb_assert_close(na->time.median_us, 73, 0);
    assert_int_equal(na->time.n, 1);
    assert_false(na->time.has_spread);
    assert_int_equal(na->includes, TB_INCLUDES_PERMUTATION);
    assert_true(na->has_baseline && na->emulated);
    assert_true(na->clock == TB_CLOCK_EVENTS && dense->clock == TB_CLOCK_HOST);
    assert_int_equal(na->baseline, 0);
    tb_assert_close(na->permute_us.value, 2.5, 0);
    tb_profile_destroy(profile);
}

static void csv_profile__times_in_ms_are_those_in_us(void **state)
{
    (void)state;
    tb_profile *profile = loaded(HEAD "time_ms,time_ms.n,time_ms.low,time_ms.high,time_ms.samples\n"
                                      "a,h100,cudnn,96,1,64,bf16,79.043,3,7.2e1,96,\n"
                                      "b,h100,cudnn,96,1,64,bf16,,,,,7.3; 1.2;9.6 ;4\n");
    tb_assert_close(profile->runs[0].time.median_us, 79043, 0); /* exactly */
    tb_assert_close(profile->runs[0].time.low_us, 72000, 0);
    assert_int_equal(profile->runs[0].includes, TB_INCLUDES_ATTENTION);
    assert_int_equal(profile->runs[1].time.n, 4);
    tb_assert_close(profile->runs[1].time.samples_us[2], 9600, 0);
    tb_assert_close(profile->runs[1].time.median_us, (7300 + 4000) / 2.0, 1e-12);
    tb_profile_destroy(profile);
}

static void csv_profile__the_pattern_says_the_kind(void **state)
{
    (void)state;
    tb_profile *profile =
        loaded(HEAD "pattern.kind,pattern.left,pattern.right,pattern.text\n"
                    "a,h100,fa3,96,1,64,bf16,causal,,,\nb,h100,fa3,96,1,64,bf16,local,12,0,\n"
                    "c,h100,fa3,96,1,64,bf16,other,,,petals\n");
    assert_int_equal(profile->runs[0].kind, TB_RUN_DENSE);
    assert_int_equal(profile->runs[1].kind, TB_RUN_WINDOW);
    assert_int_equal(profile->runs[1].item.pattern.left, 12);
    assert_int_equal(profile->runs[2].kind, TB_RUN_SPARSE);
    assert_string_equal(profile->runs[2].why_not, "its pattern cannot be expressed: petals");
    tb_profile_destroy(profile);
}

static void csv_profile__complaints_point_at_the_cell(void **state)
{
    (void)state;
    refused("id,problem.head\na,3\n", 1, 4,
            "unknown column 'problem.head'; did you mean "
            "'problem.heads'?");
    refused("id,temperature\na,3\n", 1, 4, "extra.ANYTHING");
    refused("id;device;time_us\na;b;7\n", 1, 1, "commas separate cells here");
    refused(HEAD "time_us\na,h100,cudnn,12x7y,1,64,bf16,7\n", 2, 14, "'7y' is not a plain decimal");
    refused(HEAD "time_us\na,h100,cudnn,12x,1,64,bf16,7\n", 2, 14, "not a plain decimal");
    refused(HEAD "time_us\na,h100,cudnn,12,0,64,bf16,7\n", 2, 17, "'0' is out of range");
    refused(HEAD "time_us\na,h100,cudnn,12,1,64,bf61,7\n", 2, 22, "did you mean 'bf16'?");
    refused(HEAD "time_ms\na,h100,cudnn,12,1,64,bf16,fast\n", 2, 27, "'fast' is not a finite");
    refused(HEAD "time_ms\na,h100,cudnn,12,1,64,bf16,0\n", 2, 27, "'0' is out of range");
    refused(HEAD "time_us,time_ms\na,h100,cudnn,12,1,64,bf16,7,7\n", 2, 29, "give it once");
    refused(HEAD "baseline\na,h100,cudnn,12,1,64,bf16,z\n", 2, 27, "'z' is no run here");
    refused(HEAD "pattern.window\na,h100,cudnn,12x12,1,64,bf16,7\n", 2, 30,
            "window has 1 entry; one a dimension of the layout: 2");
    refused(HEAD "pattern.causal\na,h100,cudnn,12x12,1,64,bf16,1x2\n", 2, 30, "not a boolean");
    refused(HEAD "includes\na,h100,cudnn,12,1,64,bf16,\na,h100,cudnn,12,1,64,bf16,\n", 3, 1,
            "a second run 'a'");
    refused("device,id\nh100,\n", 2, 1, "needs key 'id'");
    refused("id\n", 1, 1, "a list of at least one is needed here");
    refused("id\na\n", 2, 1, "needs key 'problem'");
}

/* The name that a file without one gets. */
static void csv_profile__stems_name_profiles(void **state)
{
    (void)state;
    char name[128];
    tb_profile_stem("/some.where/runs.v2.csv", name);
    assert_string_equal(name, "runs.v2");
    tb_profile_stem(".csv", name);
    assert_string_equal(name, ".csv");
    assert_true(tb_profile_is_csv("a.csv"));
    assert_false(tb_profile_is_csv(".csv") || tb_profile_is_csv("a.csv.yaml"));
}

TB_TESTS(cmocka_unit_test(csv_profile__runs_as_stated),
         cmocka_unit_test(csv_profile__times_in_ms_are_those_in_us),
         cmocka_unit_test(csv_profile__the_pattern_says_the_kind),
         cmocka_unit_test(csv_profile__complaints_point_at_the_cell),
         cmocka_unit_test(csv_profile__stems_name_profiles));
