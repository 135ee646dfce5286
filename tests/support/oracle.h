/* What a pattern makes a kernel do, found by enumerating tokens and pairs of tokens: the
 * independent check of sim/. It shares types with sim/ but no formula: a pair of tokens is visible
 * or not by a predicate on that pair alone, a tile is a list of tokens, and everything else is
 * counted.
 *
 * Source of the predicate: NATTEN's reference mask (SHI-Labs/NATTEN, torch reference and its
 * tests): window center rather than window start. Memory and time grow with the square of the
 * tokens. */
#ifndef TB_ORACLE_H
#define TB_ORACLE_H

#include "bound.h"
#include "census.h"
#include "mask_policy.h"

#include <stdbool.h>
#include <stdint.h>

/** Does `query` see `key`? Both are row-major token numbers of the layout. */
bool tb_oracle_sees(const tb_problem *problem, const tb_pattern *pattern, int64_t query,
                    int64_t key);

/** The same of the kinds from sink-local on. */
bool tb_oracle_kind_sees(const tb_problem *problem, const tb_pattern *pattern, int64_t query,
                         int64_t key);

/** Does position `query` of a dilation group of n tokens see position `key`, by gna's rule? */
bool tb_oracle_group_sees(const tb_pattern *pattern, int dim, int64_t n, int64_t query,
                          int64_t key);

/** Tokens of the dilation group that starts at `residue`, by counting them. */
int64_t tb_oracle_group_length(int64_t extent, int64_t dilation, int64_t residue);

/** Tiles as lists of tokens; extra token e is number N + e, in tiles that come last. */
typedef struct tb_oracle_tiles {
    int64_t count;
    int64_t own;      /* without tiles of extra tokens */
    int64_t capacity; /* |T| or |U| */
    int64_t groups;   /* dilation groups */
    int64_t *first;   /* count + 1: tile t holds tokens[first[t]] to tokens[first[t + 1] - 1] */
    int64_t *tokens;
    int64_t *group; /* dilation group of a tile, residues row-major; -1 for extra tokens */
} tb_oracle_tiles;

/** Tokens of tile t. */
static inline int64_t tb_oracle_tile_size(const tb_oracle_tiles *tiles, int64_t t)
{
    return tiles->first[t + 1] - tiles->first[t];
}

/** The layout's tokens cut into tiles of `tile`, then `extra` tokens in tiles of their own. */
void tb_oracle_tiles_make(const tb_problem *problem, const tb_pattern *pattern,
                          const tb_tiling *tiling, const int64_t *tile, int64_t extra,
                          tb_oracle_tiles *out);
void tb_oracle_tiles_free(tb_oracle_tiles *tiles);

/** Bits of a token's coordinates (below 2^16), interleaved, last dimension least significant. */
uint64_t tb_oracle_morton_key(const tb_layout *layout, int64_t token);

typedef enum tb_oracle_relation {
    TB_ORACLE_EMPTY,
    TB_ORACLE_PARTIAL,
    TB_ORACLE_FULL
} tb_oracle_relation;

/** What one query tile visits of the layout's own KV tiles, and of those of extra tokens. */
typedef struct tb_oracle_row {
    int64_t own_visited, own_full;
    int64_t own_ragged; /* visited, with fewer than |U| keys */
    int64_t own_keys;   /* real keys of visited tiles */
    int64_t extra_visited, extra_full, extra_keys;
} tb_oracle_row;

typedef struct tb_oracle {
    tb_problem problem;
    tb_pattern pattern;
    tb_tiling tiling;
    int64_t tokens;        /* N, of the layout */
    int64_t queries, keys; /* N + extra queries, N + extra KV tokens */
    uint8_t *sees;         /* queries x keys: 1 = visible */
    tb_oracle_tiles q, kv; /* kv: the static tiles, also where KV tiling is dynamic */
    tb_oracle_row *rows;   /* a query tile */
    tb_census census;      /* every field but closed_form */
    int64_t *histogram;    /* kv.count + 1: how many query tiles visit v tiles */
} tb_oracle;

/** Enumerate a problem, all of which passes sim's checks; fails the test without memory. */
tb_oracle *tb_oracle_create(const tb_problem *problem, const tb_pattern *pattern,
                            const tb_tiling *tiling);
void tb_oracle_destroy(tb_oracle *oracle);

/** Query tile q and static KV tile k. */
tb_oracle_relation tb_oracle_relate(const tb_oracle *oracle, int64_t q, int64_t k);

/** Pairs of query tile q and static KV tile k that are visible. */
int64_t tb_oracle_pairs(const tb_oracle *oracle, int64_t q, int64_t k);

/** The bound, from the enumerated census and an enumerated baseline. */
tb_bound tb_oracle_bound(const tb_oracle *oracle, tb_baseline baseline);

/** What NATTEN's kernel masks, dilation group by dilation group and tile by tile. */
tb_mask_count tb_oracle_natten(const tb_oracle *oracle, int64_t *groups_unmasked);

/** NATTEN's rule for one dimension of one dilation group of n tokens. */
bool tb_oracle_natten_qualifies(const tb_pattern *pattern, int dim, int64_t n, int64_t q_tile,
                                int64_t kv_tile);

/** `count` zeroed integers; fails the test without memory. */
int64_t *tb_oracle_integers(int64_t count);

/** Next point of a grid in row-major order; false (and all zeros) after the last one. */
bool tb_oracle_next(int dims, const int64_t *extent, int64_t *point);

#endif
