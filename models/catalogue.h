/* The data files that tilebound knows by name: kernels, networks, suites, devices, profiles,
 * mechanisms, links. */
#ifndef TB_CATALOGUE_H
#define TB_CATALOGUE_H

#include "arena.h"
#include "status.h"

#include <stddef.h>

typedef enum tb_catalogue_kind {
    TB_CATALOGUE_KERNEL,
    TB_CATALOGUE_NETWORK,
    TB_CATALOGUE_SUITE,
    TB_CATALOGUE_DEVICE,
    TB_CATALOGUE_PROFILE,
    TB_CATALOGUE_MECHANISM,
    TB_CATALOGUE_LINK
} tb_catalogue_kind;

#define TB_CATALOGUE_COUNT 7

/** A kind's word in messages and schemas ("kernel"), its plural, and its folder below the data
 * root. */
typedef struct tb_catalogue_entry {
    const char *word;
    const char *plural;
    const char *folder;
} tb_catalogue_entry;

extern const tb_catalogue_entry tb_catalogue[TB_CATALOGUE_COUNT];

/** All known names of a kind, sorted; arena-owned. TB_OK, TB_EFILE, TB_ENOMEM. */
TB_NODISCARD tb_status tb_catalogue_names(tb_catalogue_kind kind, tb_arena *arena,
                                          const char *const **names, size_t *count, tb_error *err);

/**
 * The file of a known name, or the path itself when `name` contains '/' or ends in .yaml or .yml
 * (or .csv, of profiles).
 *
 * @param[out] path  arena-owned
 * @return TB_OK; TB_EINVAL for an unknown name, naming the nearest; TB_EFILE; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_catalogue_find(tb_catalogue_kind kind, const char *name, tb_arena *arena,
                                         const char **path, tb_error *err);

#endif
