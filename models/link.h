/* Links between devices: data in links/, schema tilebound/link/1. */
#ifndef TB_LINK_H
#define TB_LINK_H

#include "context_parallel.h"
#include "device.h"

typedef struct tb_link_facts {
    const char *name, *summary;
    bool is_of_device; /* bandwidth = part x a value of the device */
    tb_device_key key;
    double part, gb_per_s, latency_us;
    const char *assumed; /* why, where the latency has no source; else NULL */
    const char *const *sources;
    size_t source_count;
    struct tb_yaml *file;   /* owned */
    struct tb_arena *arena; /* owned */
} tb_link_facts;

/** Load by known name or path; free with tb_link_destroy(). TB_OK; TB_EINVAL naming the nearest;
 *  TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_link_load(const char *name, tb_link_facts **out, tb_error *err);
void tb_link_destroy(tb_link_facts *link);

/**
 * The link of a device.
 *
 * @param[out] is_assumed  it rests on a value without a source
 * @return TB_OK; TB_EINVAL where it is the device's own, and the device has none or nobody knows
 */
TB_NODISCARD tb_status tb_link_of(const tb_link_facts *facts, const tb_device *device, tb_link *out,
                                  bool *is_assumed, tb_error *err);

#endif
