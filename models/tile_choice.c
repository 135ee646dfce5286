#include "tile_choice.h"

#include "checked.h"

#include <stdlib.h>
#include <string.h>

/* Where neither the user nor a kernel says: 128 x 128 tiles, or what comes nearest in a box. */
static const tb_tile_pair fallback_pairs[TB_MAX_RANK] = {
    {{128}, {128}}, {{16, 8}, {16, 8}}, {{4, 4, 8}, {4, 4, 8}}, {{2, 4, 4, 4}, {2, 4, 4, 4}}};

/* Dimensions that the kernel's tiles have: one where it cuts the flattened order, whatever the
 * rank. */
static int tile_rank(const tb_kernel *kernel, const tb_problem *problem)
{
    bool is_flat = kernel != NULL && kernel->tiling == TB_TILING_SINGLE_DIM;
    return is_flat ? 1 : problem->layout.rank;
}

/* Takes a legal pair of a kernel; false ends the walk. */
typedef bool pair_fn(const tb_tile_set *set, size_t index, void *user);

/* Walk the pairs that a kernel has for this problem, in the file's order. */
static void each_pair(const tb_kernel *kernel, const tb_problem *problem, pair_fn *take, void *user)
{
    int64_t padded = tb_kernel_padded_dim(kernel, problem);
    for (size_t s = 0; padded > 0 && s < kernel->set_count[problem->pass]; s++) {
        const tb_tile_set *set = &kernel->sets[problem->pass][s];
        for (size_t i = 0; i < set->pair_count[tile_rank(kernel, problem) - 1]; i++) {
            if (tb_tile_set_serves(set, padded) && !take(set, i, user)) {
                return;
            }
        }
    }
}

static bool same_extents(const int64_t *a, const int64_t *b, int dims)
{
    for (int d = 0; d < dims; d++) {
        if (a[d] != b[d]) {
            return false;
        }
    }
    return true;
}

/* The first set's default pair, or the first pair with the tile that was given. */
typedef struct pair_search {
    const tb_tiling_request *request;
    tb_pattern_kind kind;
    int rank;
    const tb_tile_pair *match; /* first with the given tile */
    const tb_tile_pair *default_pair;
} pair_search;

static bool find_pair(const tb_tile_set *set, size_t index, void *user)
{
    pair_search *search = user;
    const tb_tiling_request *request = search->request;
    const tb_tile_pair *pair = &set->pairs[search->rank - 1][index];
    if (!set->patterns[search->kind]) {
        return true;
    }
    if (search->default_pair == NULL) {
        search->default_pair = &set->pairs[search->rank - 1][set->default_pair[search->rank - 1]];
    }
    bool q_fits =
        request->q_dims == 0 || (request->q_dims == search->rank &&
                                 same_extents(request->q_tile, pair->q_tile, search->rank));
    bool kv_fits =
        request->kv_dims == 0 || (request->kv_dims == search->rank &&
                                  same_extents(request->kv_tile, pair->kv_tile, search->rank));
    if (search->match == NULL && q_fits && kv_fits) {
        search->match = pair;
    }
    return true;
}

static tb_status no_pairs(const tb_kernel *kernel, const tb_problem *problem, tb_error *err)
{
    const char *pass = tb_pass_names[problem->pass];
    if (kernel->set_count[problem->pass] == 0) {
        return tb_fail(err, TB_EINVAL, "kernel %s has no %s tiles; give --q-tile and --kv-tile",
                       kernel->name, pass);
    }
    if (tb_kernel_padded_dim(kernel, problem) == 0) {
        return tb_fail(err, TB_EINVAL,
                       "kernel %s has no %s tiles for head dim %lld; 'tilebound list kernels %s' "
                       "shows its head dims",
                       kernel->name, pass, (long long)tb_max(problem->dim, problem->dim_value),
                       kernel->asked);
    }
    return tb_fail(err, TB_EINVAL,
                   "kernel %s has no %s tiles for a layout of %d dimensions; give --q-tile and "
                   "--kv-tile",
                   kernel->name, pass, problem->layout.rank);
}

static tb_status check_dtype(const tb_kernel *kernel, const tb_problem *problem, tb_error *err)
{
    if (kernel->dtypes[problem->dtype]) {
        return TB_OK;
    }
    char known[64] = "";
    for (size_t i = 0; i < TB_DTYPE_COUNT; i++) {
        if (kernel->dtypes[i]) {
            strcat(known, known[0] == '\0' ? "" : ", ");
            strcat(known, tb_dtype_names[i]);
        }
    }
    return tb_fail(err, TB_EINVAL, "kernel %s does not run %s; it runs %s", kernel->name,
                   tb_dtype_names[problem->dtype], known);
}

/* The tile pair that fills what the request leaves open. */
static tb_status base_pair(const tb_case *item, const tb_kernel *kernel, tb_tile_pair *out,
                           tb_error *err)
{
    const tb_tiling_request *request = &item->tiling;
    int rank = item->problem.layout.rank;
    if (kernel == NULL) {
        *out = fallback_pairs[rank - 1];
        return TB_OK;
    }
    pair_search search = {
        .request = request, .kind = item->pattern.kind, .rank = tile_rank(kernel, &item->problem)};
    each_pair(kernel, &item->problem, find_pair, &search);
    if (search.match != NULL && (request->q_dims > 0 || request->kv_dims > 0)) {
        *out = *search.match;
    } else if (search.default_pair != NULL) {
        *out = *search.default_pair;
    } else if (request->q_dims > 0 && request->kv_dims > 0) {
        *out = fallback_pairs[rank - 1]; /* both are given: nothing of it is used */
    } else {
        return no_pairs(kernel, &item->problem, err);
    }
    return TB_OK;
}

static tb_status product(const int64_t *extents, int dims, int64_t *out, tb_error *err)
{
    *out = 1;
    for (int d = 0; d < dims; d++) {
        if (!tb_mul_ok(*out, extents[d], out)) {
            return tb_fail(err, TB_EOVERFLOW, "a tile of more than 2^63 - 1 tokens");
        }
    }
    return TB_OK;
}

/* One side of the tiles: what was given or else the base pair's, as the tiling wants it. Single-dim
 * tiles take one entry or the product of one a dimension. */
static tb_status fill_side(const char *option, const int64_t *given, int given_dims,
                           const int64_t *base, int rank, tb_tiling_kind kind, int64_t *out,
                           tb_error *err)
{
    const int64_t *from = given_dims > 0 ? given : base;
    int dims = given_dims > 0 ? given_dims : rank;
    bool single = kind == TB_TILING_SINGLE_DIM;
    if (dims != rank && !(single && dims == 1)) {
        return tb_fail(err, TB_EINVAL, "%s has %d %s for a layout of %d %s; it needs %s", option,
                       dims, dims == 1 ? "entry" : "entries", rank,
                       rank == 1 ? "dimension" : "dimensions",
                       single ? "one, or one a dimension" : "one a dimension");
    }
    if (single) {
        return product(from, dims, &out[0], err);
    }
    for (int d = 0; d < rank; d++) {
        out[d] = from[d];
    }
    return TB_OK;
}

static tb_kv_tiling default_kv_tiling(const tb_case *item, const tb_kernel *kernel,
                                      const tb_tiling *tiling)
{
    if (kernel == NULL || !tb_tiling_may_be_dynamic(tiling, &item->problem, &item->pattern)) {
        return TB_KV_STATIC;
    }
    return kernel->kv_tiling;
}

/* Tokens of a query tile whose rows are shared by the heads of a group. */
static int64_t packed_tokens(const tb_kernel *kernel, const tb_problem *problem,
                             tb_tiling_kind kind, int64_t rows)
{
    return tb_max(1, rows / tb_kernel_packed_heads(kernel, problem, kind));
}

/* The request with its tiles replaced by `pair` where they were not given. */
static tb_status fill_tiling(const tb_case *item, const tb_kernel *kernel, const tb_tile_pair *pair,
                             tb_tiling *out, tb_error *err)
{
    const tb_tiling_request *request = &item->tiling;
    int rank = item->problem.layout.rank;
    tb_tiling tiling = {.order = request->order};
    tiling.kind = request->has_kind ? request->kind
                  : kernel != NULL  ? kernel->tiling
                                    : TB_TILING_MULTI_DIM;
    tb_status status = fill_side("--q-tile", request->q_tile, request->q_dims, pair->q_tile, rank,
                                 tiling.kind, tiling.q_tile, err);
    if (status == TB_OK) {
        status = fill_side("--kv-tile", request->kv_tile, request->kv_dims, pair->kv_tile, rank,
                           tiling.kind, tiling.kv_tile, err);
    }
    if (status == TB_OK && kernel != NULL && request->q_dims == 0) { /* its rows hold a group */
        tiling.q_tile[0] = packed_tokens(kernel, &item->problem, tiling.kind, tiling.q_tile[0]);
    }
    if (status == TB_OK) {
        tiling.kv_tiling =
            request->has_kv_tiling ? request->kv_tiling : default_kv_tiling(item, kernel, &tiling);
        *out = tiling;
    }
    return status;
}

/* What must hold before tiles are looked up. */
static tb_status check_case(const tb_case *item, const tb_kernel *kernel, tb_error *err)
{
    tb_status status = tb_problem_check(&item->problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(&item->pattern, &item->problem.layout, err);
    }
    return status == TB_OK && kernel != NULL ? check_dtype(kernel, &item->problem, err) : status;
}

tb_status tb_tiling_resolve(const tb_case *item, const tb_kernel *kernel, tb_tiling *out,
                            tb_error *err)
{
    tb_status status = check_case(item, kernel, err);
    if (status != TB_OK) {
        return status;
    }
    if (!item->tiling.wants_best) {
        tb_tile_pair pair;
        memset(&pair, 0, sizeof pair);
        status = base_pair(item, kernel, &pair, err);
        return status == TB_OK ? fill_tiling(item, kernel, &pair, out, err) : status;
    }
    if (kernel == NULL) {
        return tb_fail(err, TB_EINVAL, "the best tiles of which kernel? give --kernel");
    }
    tb_ranked_tiles *ranked = NULL;
    size_t count = 0;
    status = tb_tile_rank(item, kernel, &ranked, &count, err);
    if (status == TB_OK) {
        *out = ranked[0].tiling;
    }
    free(ranked);
    return status;
}

typedef struct pair_list {
    const tb_case *item;
    const tb_kernel *kernel;
    tb_ranked_tiles *tiles; /* NULL: only count */
    size_t count;
    tb_status status;
    tb_error *err;
} pair_list;

static bool collect(const tb_tile_set *set, size_t index, void *user)
{
    pair_list *list = user;
    if (!set->patterns[list->item->pattern.kind]) {
        return true;
    }
    if (list->tiles == NULL) {
        list->count++;
        return true;
    }
    const tb_problem *problem = &list->item->problem;
    tb_ranked_tiles *entry = &list->tiles[list->count];
    const tb_tile_pair *pair = &set->pairs[tile_rank(list->kernel, problem) - 1][index];
    list->status = fill_tiling(list->item, list->kernel, pair, &entry->tiling, list->err);
    if (list->status == TB_OK) {
        list->status = tb_census_count(problem, &list->item->pattern, &entry->tiling, NULL,
                                       &entry->census, list->err);
    }
    if (list->status != TB_OK) {
        return false;
    }
    entry->gemm = set->gemm;
    entry->tile_pairs = (double)entry->census.visited *
                        (double)tb_tiling_q_tokens(&entry->tiling, &problem->layout) *
                        (double)tb_tiling_kv_tokens(&entry->tiling, &problem->layout);
    list->count++;
    return true;
}

/* qsort is not stable: the caller gives ties their order through the address. */
static int compare_tiles(const void *left, const void *right)
{
    const tb_ranked_tiles *const *a = left, *const *b = right;
    if ((*a)->tile_pairs != (*b)->tile_pairs) {
        return (*a)->tile_pairs < (*b)->tile_pairs ? -1 : 1;
    }
    return (*a > *b) - (*a < *b);
}

static tb_status sort_tiles(tb_ranked_tiles *tiles, size_t count, tb_error *err)
{
    const tb_ranked_tiles **order = calloc(count, sizeof *order);
    tb_ranked_tiles *sorted = calloc(count, sizeof *sorted);
    if (order == NULL || sorted == NULL) {
        free(order);
        free(sorted);
        return tb_fail(err, TB_ENOMEM, "no memory for %zu tile shapes", count);
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = &tiles[i];
    }
    qsort(order, count, sizeof *order, compare_tiles);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = *order[i];
    }
    memcpy(tiles, sorted, count * sizeof *tiles);
    free(order);
    free(sorted);
    return TB_OK;
}

tb_status tb_tile_rank(const tb_case *item, const tb_kernel *kernel, tb_ranked_tiles **out,
                       size_t *count, tb_error *err)
{
    tb_status status = check_case(item, kernel, err);
    if (status != TB_OK) {
        return status;
    }
    tb_case open = *item; /* borrows the mask */
    open.tiling.q_dims = 0;
    open.tiling.kv_dims = 0;
    pair_list list = {.item = &open, .kernel = kernel, .err = err};
    each_pair(kernel, &open.problem, collect, &list);
    if (list.count == 0) {
        return no_pairs(kernel, &open.problem, err);
    }
    list.tiles = calloc(list.count, sizeof *list.tiles);
    if (list.tiles == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu tile shapes", list.count);
    }
    list.count = 0;
    each_pair(kernel, &open.problem, collect, &list);
    status = list.status == TB_OK ? sort_tiles(list.tiles, list.count, err) : list.status;
    if (status != TB_OK) {
        free(list.tiles);
        return status;
    }
    *out = list.tiles;
    *count = list.count;
    return TB_OK;
}

typedef struct pair_test {
    const tb_kernel *kernel;
    const tb_problem *problem;
    const tb_tiling *tiling;
    int rank;
    bool found;
} pair_test;

static bool is_pair(const tb_tile_set *set, size_t index, void *user)
{
    pair_test *test = user;
    const tb_tile_pair *pair = &set->pairs[test->rank - 1][index];
    test->found = same_extents(pair->q_tile, test->tiling->q_tile, test->rank) &&
                  same_extents(pair->kv_tile, test->tiling->kv_tile, test->rank);
    return !test->found;
}

/* A single-dim tile is one of the kernel's when the product of a pair's extents is. */
static bool is_product(const tb_tile_set *set, size_t index, void *user)
{
    pair_test *test = user;
    const tb_tile_pair *pair = &set->pairs[test->rank - 1][index];
    int64_t q = 1, kv = 1;
    bool fits = true;
    for (int d = 0; d < test->rank; d++) {
        fits = fits && tb_mul_ok(q, pair->q_tile[d], &q) && tb_mul_ok(kv, pair->kv_tile[d], &kv);
    }
    if (fits) {
        q = packed_tokens(test->kernel, test->problem, TB_TILING_SINGLE_DIM, q);
    }
    test->found = fits && q == test->tiling->q_tile[0] && kv == test->tiling->kv_tile[0];
    return !test->found;
}

bool tb_kernel_has_tiles(const tb_kernel *kernel, const tb_problem *problem,
                         const tb_tiling *tiling)
{
    pair_test test = {
        .kernel = kernel, .problem = problem, .tiling = tiling, .rank = tile_rank(kernel, problem)};
    each_pair(kernel, problem, tiling->kind == TB_TILING_SINGLE_DIM ? is_product : is_pair, &test);
    return test.found;
}
