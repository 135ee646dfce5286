#include "layer_search.h"

#include "layer_choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The space with one pattern in it. */
static tb_search_space space_of(const tb_search_space *space, const tb_pattern *pattern)
{
    tb_search_space one = *space;
    one.sparsity_low = 0;
    one.sparsity_high = 1;
    one.fully_block_sparse = one.equal_window = false;
    one.top = 1;
    for (int d = 0; d < space->problem.layout.rank; d++) {
        int64_t extent = space->problem.layout.extent[d];
        one.dim[d] = (tb_search_dim){
            .window = pattern->window[d] == TB_WHOLE_AXIS ? extent / pattern->dilation[d]
                                                          : pattern->window[d],
            .stride = pattern->stride[d],
            .dilation = pattern->dilation[d],
            .min_window = 1,
            .window_step = 1,
            .max_dilation = 1,
            .min_field = 1,
            .max_padding = space->dim[d].max_padding,
            .causal = pattern->causal[d],
        };
    }
    return one;
}

static tb_status add_pattern(const tb_search_space *space, const tb_pattern *pattern,
                             tb_search_row *rows, size_t *count, tb_error *err)
{
    tb_search_space one = space_of(space, pattern);
    tb_search_result result;
    tb_status status = tb_search_run(&one, &result, err);
    if (status == TB_OK && result.row_count > 0) {
        rows[(*count)++] = result.rows[0];
    }
    if (status == TB_OK) {
        tb_search_release(&result);
    }
    return status;
}

/* Was the pattern of this name there before? */
static bool is_new(const tb_network *network, size_t which, size_t group)
{
    const char *name = network->cases[which].groups[group].pattern_name;
    for (size_t c = 0; c <= which; c++) {
        size_t end = c < which ? network->cases[c].group_count : group;
        for (size_t g = 0; g < end; g++) {
            if (strcmp(network->cases[c].groups[g].pattern_name, name) == 0) {
                return false;
            }
        }
    }
    return true;
}

static tb_status fill_pool(const tb_search_space *space, const tb_network *network,
                           tb_search_row *rows, size_t *count, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t c = 0; c < network->case_count; c++) {
        for (size_t g = 0; status == TB_OK && g < network->cases[c].group_count; g++) {
            const tb_layer_group *group = &network->cases[c].groups[g];
            if (group->heads != network->heads) {
                return tb_fail(err, TB_EINVAL,
                               "pattern '%s' of %s is of some heads of a layer; take the pool "
                               "'front'",
                               group->pattern_name, network->name);
            }
            if (is_new(network, c, g)) {
                status = add_pattern(space, &group->pattern, rows, count, err);
            }
        }
    }
    return status;
}

tb_status tb_layer_pool_of(const tb_search_space *space, const tb_network *network,
                           tb_search_row **rows, size_t *count, tb_error *err)
{
    size_t room = 1, filled = 0;
    for (size_t c = 0; c < network->case_count; c++) {
        room += network->cases[c].group_count;
    }
    tb_search_row *made = calloc(room, sizeof *made);
    tb_status status = made == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a pool of patterns")
                                    : fill_pool(space, network, made, &filled, err);
    if (status == TB_OK && filled == 0) {
        status = tb_fail(err, TB_EINVAL, "network %s has no patterns; take the pool 'front'",
                         network->name);
    }
    if (status != TB_OK) {
        free(made);
        return status;
    }
    *rows = made;
    *count = filled;
    return TB_OK;
}

/* What all layers have to see together. */
static int64_t least_visible(const tb_search_space *space, int64_t layers, double mean_sparsity)
{
    const tb_problem *problem = &space->problem;
    double tokens = (double)tb_layout_tokens(&problem->layout);
    double dense = (tokens + (double)problem->extra_q) * (tokens + (double)problem->extra_kv);
    double needed = (double)layers * dense * (1 - mean_sparsity);
    return needed < 0x1p62 ? (int64_t)ceil(needed * (1 - 1e-12)) : INT64_MAX;
}

static void collect(const tb_search_row *pool, size_t pool_count, const int64_t *counts,
                    tb_layer_plan *plan)
{
    for (size_t i = 0; i < pool_count; i++) {
        if (counts[i] == 0) {
            continue;
        }
        size_t at = plan->count++;
        for (; at > 0 && plan->rows[at - 1].visible_pairs < pool[i].visible_pairs; at--) {
            plan->rows[at] = plan->rows[at - 1];
            plan->layers[at] = plan->layers[at - 1];
        }
        double share = (double)counts[i];
        plan->rows[at] = pool[i];
        plan->layers[at] = counts[i];
        plan->total_us += share * pool[i].time_us;
        plan->mean_sparsity += share / (double)plan->layer_count * pool[i].sparsity;
    }
}

tb_status tb_layer_plan_find(const tb_search_space *space, const tb_search_row *pool,
                             size_t pool_count, int64_t layers, double mean_sparsity,
                             tb_layer_plan *out, tb_error *err)
{
    tb_layer_plan plan = {.layer_count = layers};
    tb_layer_option *options = calloc(pool_count + 1, sizeof *options);
    int64_t *counts = calloc(pool_count + 1, sizeof *counts);
    plan.rows = calloc(pool_count + 1, sizeof *plan.rows);
    plan.layers = calloc(pool_count + 1, sizeof *plan.layers);
    tb_status status = TB_OK;
    if (options == NULL || counts == NULL || plan.rows == NULL || plan.layers == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a plan of layers");
    }
    for (size_t i = 0; status == TB_OK && i < pool_count; i++) {
        options[i] = (tb_layer_option){pool[i].time_us, pool[i].visible_pairs};
    }
    if (status == TB_OK) {
        status = tb_layers_choose(options, pool_count, layers,
                                  least_visible(space, layers, mean_sparsity), counts, err);
    }
    if (status == TB_OK) {
        collect(pool, pool_count, counts, &plan);
        *out = plan;
    } else {
        tb_layer_plan_release(&plan);
    }
    free(options);
    free(counts);
    return status;
}

void tb_layer_plan_release(tb_layer_plan *plan)
{
    free(plan->rows);
    free(plan->layers);
    *plan = (tb_layer_plan){0};
}
