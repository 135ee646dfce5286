/* The least that a program which embeds tilebound does; built with find_package and pkg-config. */
#include <tilebound/bound.h>
#include <tilebound/init.h>
#include <tilebound/version.h>

#include <stdio.h>

/* Prints the version, and the KV tiles that a sliding window over 32768 tokens visits. */
int main(void)
{
    tb_init();
    tb_problem problem = tb_problem_default();
    tb_pattern pattern = tb_pattern_default();
    tb_tiling tiling = {.q_tile = {128}, .kv_tile = {128}};
    tb_census census;
    tb_error err;
    problem.layout = (tb_layout){.rank = 1, .extent = {32768}};
    pattern.kind = TB_PATTERN_GNA;
    pattern.window[0] = 2048;
    pattern.stride[0] = 256;
    if (tb_census_count(&problem, &pattern, &tiling, NULL, &census, &err) != TB_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    return printf("%s %lld\n", TB_VERSION, (long long)census.visited) < 0;
}
