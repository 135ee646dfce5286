/* The launcher interface: what it refuses and why, what it tells of runs and of the processor, and
 * the numbers that it takes. */
#include "attention_check.h"
#include "number.h"
#include "small_launch.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>

static void assert_refused(const tb_launch *launch, tb_status code, const char *part)
{
    tb_plan *plan = NULL;
    tb_error err;
    tb_assert_fails(tb_plan_create(tb_test_backend("cpu"), launch, &plan, &err), &err, code, part);
    assert_null(plan);
}

static void backends__are_found_by_name(void **state)
{
    (void)state;
    const tb_backend *found;
    tb_error err;
    assert_string_equal(tb_test_backend("cpu")->name, "cpu");
    assert_string_equal(tb_test_backend("cuda")->name, "cuda");
    tb_assert_ok(tb_test_backend("cpu")->available(&err), &err);
    tb_assert_fails(tb_backend_find("gpu", &found, &err), &err, TB_EINVAL, "cpu and cuda");
}

static void cuda__says_why_it_is_not_here(void **state)
{
    (void)state;
    tb_launch launch = tb_test_small_launch();
    tb_device_facts facts;
    tb_plan *plan = NULL;
    tb_error err;
    const tb_backend *cuda = tb_test_backend("cuda");
    static const char part[] = "NVIDIA's driver is not here: no libcuda.so.1";
    if (cuda->available(&err) == TB_OK) {
        print_message("skipped: a GPU is here\n");
        tb_backends_close();
        skip();
    }
    tb_assert_fails(cuda->available(&err), &err, TB_EUNAVAILABLE, part);
    tb_assert_fails(cuda->facts(false, &facts, &err), &err, TB_EUNAVAILABLE, part);
    tb_assert_fails(cuda->check(&launch, &err), &err, TB_EUNAVAILABLE, part);
    tb_assert_fails(tb_plan_create(cuda, &launch, &plan, &err), &err, TB_EUNAVAILABLE, part);
}

static void launches__that_make_no_sense_are_refused(void **state)
{
    (void)state;
    tb_launch good = tb_test_small_launch(), bad = good;
    assert_refused(&bad, TB_EINVAL, "without a tile list");
    tb_tile_list *list = tb_test_tile_list(&good);
    bad.tiles = list;
    bad.problem.extra_kv = 3;
    assert_refused(&bad, TB_EINVAL, "of another problem");
    bad = good;
    bad.tiles = list;
    bad.threads = -2;
    assert_refused(&bad, TB_EINVAL, "below 0");
    bad.threads = 0;
    bad.scale = nan("");
    assert_refused(&bad, TB_EINVAL, "scale");
    bad = good;
    bad.problem.layout.extent[0] = 0;
    assert_refused(&bad, TB_EINVAL, "extent 0");
    bad = good;
    bad.pattern.kind = TB_PATTERN_GNA;
    bad.pattern.window[0] = 73;
    assert_refused(&bad, TB_EINVAL, "window 73");
    bad = good;
    bad.implementation = TB_IMPLEMENTATION_NAIVE;
    bad.problem.batch = INT64_C(1) << 58;
    assert_refused(&bad, TB_EOVERFLOW, "2^63 bytes");
    tb_tile_list_destroy(list);
}

static void launches__that_the_cpu_lacks_are_refused_with_the_reason(void **state)
{
    (void)state;
    tb_launch good = tb_test_small_launch(), bad;
    tb_tile_list *list = tb_test_tile_list(&good);
    good.tiles = list;
    bad = good;
    bad.problem.dtype = TB_DTYPE_FP16;
    assert_refused(&bad, TB_EUNAVAILABLE, "not fp16");
    bad = good;
    bad.problem.dim = 257;
    assert_refused(&bad, TB_EUNAVAILABLE, "up to 256");
    bad = good;
    bad.problem.dim_value = 512;
    assert_refused(&bad, TB_EUNAVAILABLE, "up to 256");
    bad = good;
    bad.problem.pass = TB_PASS_BACKWARD;
    assert_refused(&bad, TB_EUNAVAILABLE, "no backward pass");
    bad = good;
    bad.threads = 100000;
    assert_refused(&bad, TB_EINVAL, "at most 1024");
    bad = good;
    bad.implementation = TB_IMPLEMENTATION_DECODE;
    bad.problem.extra_q = 1;
    assert_refused(&bad, TB_EUNAVAILABLE, "one query");
    tb_tile_list_destroy(list);
}

static void an_instruction_set__that_is_not_here_is_an_error(void **state)
{
    (void)state;
    tb_error err;
    assert_int_equal(setenv("TILEBOUND_CPU_ISA", "sse9", 1), 0);
    tb_assert_fails(tb_test_backend("cpu")->available(&err), &err, TB_EINVAL, "avx512, avx2, neon");
#ifdef __x86_64__
    assert_int_equal(setenv("TILEBOUND_CPU_ISA", "neon", 1), 0);
#else
    assert_int_equal(setenv("TILEBOUND_CPU_ISA", "avx2", 1), 0);
#endif
    tb_assert_fails(tb_test_backend("cpu")->available(&err), &err, TB_EUNAVAILABLE,
                    "kind of processor");
    tb_launch launch = tb_test_small_launch();
    launch.implementation = TB_IMPLEMENTATION_NAIVE;
    assert_refused(&launch, TB_EUNAVAILABLE, "kind of processor");
    assert_int_equal(setenv("TILEBOUND_CPU_ISA", "", 1), 0); /* nothing forced */
    tb_assert_ok(tb_test_backend("cpu")->available(&err), &err);
    assert_int_equal(unsetenv("TILEBOUND_CPU_ISA"), 0);
}

/* A query tile of 4 x 2 over 9 x 5 tokens is no run of tokens; one of 24 in a line is. */
static void times__name_their_steps(void **state)
{
    (void)state;
    tb_launch launch = tb_test_small_launch();
    tb_attention_check check = {.logit_size = 1, .seed = 7, .rows = 6};
    tb_error err;
    tb_tile_list *line = tb_test_tile_list(&launch);
    launch.tiles = line;
    launch.threads = 2;
    tb_assert_ok(tb_attention_run(tb_test_backend("cpu"), &launch, &check, &err), &err);
    assert_true(check.times.permute_us == 0 && check.times.unpermute_us == 0);
    assert_true(check.times.attention_us > 0 && check.times.total_us >= check.times.attention_us);
    assert_true(check.times.pack_us > 0 && check.times.pack_us <= check.times.attention_us);
    assert_true(check.times.own_us > 0 && check.times.threads == 2);
    assert_true(check.times.busy_min_us <= check.times.busy_mean_us &&
                check.times.busy_mean_us <= check.times.busy_max_us);
    assert_true(check.counters.visited == 3 * 4 && check.counters.masked == 3); /* ragged ones */
    tb_tile_list_destroy(line);
    launch.problem.layout = (tb_layout){.rank = 2, .extent = {9, 5}};
    launch.tiling = (tb_tiling){.q_tile = {4, 2}, .kv_tile = {2, 3}};
    tb_tile_list *boxes = tb_test_tile_list(&launch);
    launch.tiles = boxes;
    tb_assert_ok(tb_attention_run(tb_test_backend("cpu"), &launch, &check, &err), &err);
    assert_true(check.times.permute_us > 0 && check.times.unpermute_us > 0);
    assert_true(check.worst <= 1);
    tb_tile_list_destroy(boxes);
}

/* The check does not rest on the list: a list that calls a partial tile full is found out by the
 * outputs and by what is left unmasked, one that leaves a tile out by the outputs. */
static void a_tile_list__that_lies_is_found_out(void **state)
{
    (void)state;
    tb_launch launch = tb_test_small_launch();
    launch.pattern.kind = TB_PATTERN_CAUSAL;
    tb_attention_check check = {.logit_size = 1, .seed = 7, .rows = 72};
    tb_error err;
    tb_tile_list *list = tb_test_tile_list(&launch);
    launch.tiles = list;
    launch.is_counting = true;
    tb_assert_ok(tb_attention_run(tb_test_backend("cpu"), &launch, &check, &err), &err);
    assert_true(check.worst <= 1 && check.unmasked_wrong == 0);
    tb_tile_entry *last = &list->entries[list->first[1] - 1]; /* on the diagonal */
    assert_int_equal(last->mask, TB_TILE_RULE);
    last->mask = TB_TILE_FULL;
    tb_assert_ok(tb_attention_run(tb_test_backend("cpu"), &launch, &check, &err), &err);
    assert_true(check.worst > 1 && check.unmasked_wrong == 1);
    last->mask = TB_TILE_RULE;
    list->first[1]--; /* the next query tile takes it over, and hides all of it */
    tb_assert_ok(tb_attention_run(tb_test_backend("cpu"), &launch, &check, &err), &err);
    assert_true(check.worst > 1);
    tb_tile_list_destroy(list);
}

static void numbers__are_rounded_to_nearest_even(void **state)
{
    (void)state;
    static const struct {
        float value;
        uint16_t bf16, fp16;
    } cases[] = {
        {1, 0x3f80, 0x3c00},
        {-2.5F, 0xc020, 0xc100},
        {1.00390625F, 0x3f80, 0x3c04},    /* 1 + 2^-8: between two bf16, to the even one */
        {1.01171875F, 0x3f82, 0x3c0c},    /* 1 + 3 * 2^-8: to the even one, up */
        {1.00048828125F, 0x3f80, 0x3c00}, /* 1 + 2^-11: between two fp16 */
        {65520, 0x4780, 0x7c00},          /* above the largest fp16 */
        {0x1p-24F, 0x3380, 0x0001},       /* the smallest fp16 */
        {0x1p-25F, 0x3300, 0x0000},       /* half of it */
        {0x1.ffcp-15F, 0x3880, 0x0400},   /* rounds up into the normal ones */
        {-0.0F, 0x8000, 0x8000},
        {HUGE_VALF, 0x7f80, 0x7c00},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (tb_float_to_bf16(cases[i].value) != cases[i].bf16 ||
            tb_float_to_fp16(cases[i].value) != cases[i].fp16) {
            fail_msg("%a is %04x in bf16 and %04x in fp16", (double)cases[i].value,
                     tb_float_to_bf16(cases[i].value), tb_float_to_fp16(cases[i].value));
        }
    }
    for (uint32_t bits = 0; bits < 0x10000; bits++) { /* every one comes back */
        float wide = tb_fp16_to_float((uint16_t)bits);
        assert_true(isnan(wide) || tb_float_to_fp16(wide) == bits);
        wide = tb_bf16_to_float((uint16_t)bits);
        assert_true(isnan(wide) || tb_float_to_bf16(wide) == bits);
    }
    assert_true(isnan(tb_bf16_to_float(tb_float_to_bf16(nanf("")))));
    assert_true(isnan(tb_fp16_to_float(tb_float_to_fp16(nanf("")))));
}

/* Seven samples by hand: sorted 1 2 3 4 6 8 9; quartiles at positions 1.5 and 4.5. */
static void facts__are_quantiles_of_samples(void **state)
{
    (void)state;
    double samples[] = {8, 2, 4, 1, 9, 3, 6};
    tb_device_facts facts = {0};
    tb_device_facts_add(&facts, "x_per_s", "a rate", samples, 7);
    const tb_device_fact *fact = tb_device_facts_find(&facts, "x_per_s");
    assert_non_null(fact);
    assert_true(fact->median == 4 && fact->low == 2.5 && fact->high == 7);
    assert_true(fact->min == 1 && fact->max == 9 && fact->samples == 7);
    assert_null(tb_device_facts_find(&facts, "y_per_s"));
}

static void facts__of_this_processor_are_plausible(void **state)
{
    (void)state;
    static const char *const names[] = {"fma_flop_per_s", "exp2_per_s", "thread_start_us"};
    tb_device_facts facts;
    tb_error err;
    tb_assert_ok(tb_test_backend("cpu")->facts(false, &facts, &err), &err);
    assert_int_equal(facts.count, 0);
    tb_assert_ok(tb_test_backend("cpu")->facts(true, &facts, &err), &err);
    assert_true(facts.cores >= 1 && facts.vector_bits >= 128 && facts.name[0] != '\0');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_non_null(tb_device_facts_find(&facts, names[i]));
    }
    for (int i = 0; i < facts.count; i++) {
        const tb_device_fact *fact = &facts.fact[i];
        assert_true(fact->min > 0 && fact->min <= fact->low && fact->low <= fact->median &&
                    fact->median <= fact->high && fact->high <= fact->max);
    }
    double rate = tb_device_facts_find(&facts, "fma_flop_per_s")->median;
    /* two units of vector_bits at 8 GHz: no core is faster */
    assert_true(rate < 2.0 * 2 * facts.vector_bits / 32 * 8e9);
}

TB_TESTS(cmocka_unit_test(backends__are_found_by_name),
         cmocka_unit_test(cuda__says_why_it_is_not_here),
         cmocka_unit_test(launches__that_make_no_sense_are_refused),
         cmocka_unit_test(launches__that_the_cpu_lacks_are_refused_with_the_reason),
         cmocka_unit_test(an_instruction_set__that_is_not_here_is_an_error),
         cmocka_unit_test(times__name_their_steps),
         cmocka_unit_test(a_tile_list__that_lies_is_found_out),
         cmocka_unit_test(numbers__are_rounded_to_nearest_even),
         cmocka_unit_test(facts__are_quantiles_of_samples),
         cmocka_unit_test(facts__of_this_processor_are_plausible));
