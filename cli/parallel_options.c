#include "parallel_options.h"

#include <stddef.h>

#define AT(field) offsetof(tb_parallel_args, field)

const tb_option tb_parallel_options[TB_PARALLEL_OPTION_COUNT] = {
    {"devices", '\0', TB_OPTION_INT, "G", "share the attention out over so many devices",
     AT(devices), 1, INT64_MAX, NULL, 0},
    {"parallel", '\0', TB_OPTION_CHOICE, NULL, "how (default ring)", AT(method), 0, 0,
     tb_parallel_method_names, TB_PARALLEL_METHOD_COUNT},
    {"shards", '\0', TB_OPTION_CHOICE, NULL, "which tokens a device has (default contiguous)",
     AT(order), 0, 0, tb_shard_order_names, TB_SHARD_ORDER_COUNT},
    {"ulysses", '\0', TB_OPTION_INT, "U", "devices of an Ulysses group of hybrid", AT(ulysses), 1,
     INT64_MAX, NULL, 0},
    {"link", '\0', TB_OPTION_TEXT, "NAME",
     "link between devices, by name or YAML file (default nvlink)", AT(link), 0, 0, NULL, 0},
    {"group-link", '\0', TB_OPTION_TEXT, "NAME",
     "link within Ulysses groups of hybrid (default: as --link)", AT(group_link), 0, 0, NULL, 0},
    {"no-overlap", '\0', TB_OPTION_FLAG, NULL, "devices do not send while they compute",
     AT(no_overlap), 0, 0, NULL, 0},
};

tb_status tb_parallel_args_check(const tb_parallel_args *args, bool has_device, tb_error *err)
{
    bool is_hybrid = args->method.given && args->method.index == TB_PARALLEL_HYBRID;
    if (!args->devices.given &&
        (args->method.given || args->order.given || args->ulysses.given || args->link != NULL ||
         args->group_link != NULL || args->no_overlap)) {
        return tb_fail(err, TB_EINVAL, "over how many devices? give --devices");
    }
    if (args->devices.given && !has_device) {
        return tb_fail(err, TB_EINVAL, "--devices of which kind? give --device");
    }
    if (args->ulysses.given != is_hybrid) {
        return tb_fail(err, TB_EINVAL,
                       "--ulysses is the group of --parallel hybrid; give both or none");
    }
    if (args->method.given && args->method.index == TB_PARALLEL_ULYSSES && args->order.given) {
        return tb_fail(err, TB_EINVAL,
                       "--shards of Ulysses, whose devices see all tokens; leave it out");
    }
    return TB_OK;
}

tb_parallel_request tb_parallel_args_request(const tb_parallel_args *args)
{
    return (tb_parallel_request){
        .devices = args->devices.value,
        .ulysses = args->ulysses.given ? args->ulysses.value : 1,
        .method = args->method.given ? (tb_parallel_method)args->method.index : TB_PARALLEL_RING,
        .order = args->order.given ? (tb_shard_order)args->order.index : TB_SHARD_CONTIGUOUS,
        .has_overlap = !args->no_overlap,
        .link = args->link,
        .group_link = args->group_link,
    };
}
