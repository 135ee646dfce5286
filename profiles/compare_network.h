/* Published runs of whole networks against predictions of them. Used by compare.c. */
#ifndef TB_COMPARE_NETWORK_H
#define TB_COMPARE_NETWORK_H

#include "arena.h"
#include "models_in_use.h"
#include "profile.h"
#include "time_model.h"

/** A whole-network run; what it points at belongs to its profile or to the comparison. */
typedef struct tb_compared_network {
    const tb_profile *profile;
    const tb_run *run;       /* names its network */
    const char *why_not;     /* it cannot be compared, and all below is unset; else NULL */
    double measured_speedup; /* over dense attention: of the times where both are published */
    bool has_layers;         /* the network describes its layers; else the next six are unset */
    bool is_told;            /* its time told what runs outside the layers */
    double dense_us, predicted_us;
    double speedup, error_percent; /* from the layers */
    tb_basis basis;
    bool has_share;                            /* the network states a share of attention */
    double share_speedup, share_error_percent; /* tokens permuted once */
} tb_compared_network;

/**
 * Predict the runs of profiles that name a network.
 *
 * @param[in]  profiles  `count` of them; borrowed
 * @param[out] out       arena-owned; *out_count entries
 * @return TB_OK; TB_EFILE for a broken model or network file; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_compare_networks(const tb_profile *const *profiles, size_t count,
                                           tb_models *models, tb_arena *arena,
                                           tb_compared_network **out, size_t *out_count,
                                           tb_error *err);

#endif
