#include "end_to_end.h"

#include "text.h"

#include <string.h>

tb_end_to_end tb_end_to_end_of(double share, double speedup, int64_t dense_steps, int64_t steps)
{
    double dense = (double)dense_steps / (double)steps, rest = 1 - share;
    return (tb_end_to_end){
        .attention_share = share,
        .amdahl_limit = 1 / (dense + (1 - dense) * rest),
        .speedup = 1 / (dense + (1 - dense) * (rest + share / speedup)),
    };
}

const tb_fact *tb_network_fact(const tb_network *network, const char *name)
{
    for (size_t i = 0; i < network->fact_count; i++) {
        if (strcmp(network->facts[i].name, name) == 0) {
            return &network->facts[i];
        }
    }
    return NULL;
}

bool tb_network_number(const tb_network *network, const char *name, double *out)
{
    const tb_fact *fact = tb_network_fact(network, name);
    return fact != NULL && fact->value != NULL && tb_text_double(fact->value, out);
}

int64_t tb_network_steps(const tb_network *network)
{
    double steps = 1;
    return tb_network_number(network, "steps", &steps) && steps >= 1 ? (int64_t)steps : 1;
}
