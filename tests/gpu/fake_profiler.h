/* What the profiler's two halves share: images that the client carries from the one to the other.
 */
#ifndef TB_FAKE_PROFILER_H
#define TB_FAKE_PROFILER_H

#include "fake_cupti.h"

/** Metrics that there are; see fake_profiler_metrics.c. */
#define TB_FAKE_METRICS 8

/** Counted at a time; the rest needs further passes. */
#define TB_FAKE_METRICS_A_PASS 3

#define TB_FAKE_CONFIG UINT64_C(0x6769666e6f634254)
#define TB_FAKE_DATA   UINT64_C(0x73746e756f634254)

typedef struct tb_fake_config_image {
    uint64_t magic; /* TB_FAKE_CONFIG */
    uint32_t count;
    uint32_t metric[TB_FAKE_METRICS];
} tb_fake_config_image;

typedef struct tb_fake_data_image {
    uint64_t magic; /* TB_FAKE_DATA */
    uint32_t ranges, ranges_max;
    bool has[TB_FAKE_METRICS];
    double value[TB_FAKE_METRICS]; /* of the one range */
} tb_fake_data_image;

/** What the launches of a range did. */
typedef struct tb_fake_counts {
    double mma, exp2, sectors, conflicts, time_ns, occupied_ns; /* time weighted by occupancy */
} tb_fake_counts;

void tb_fake_counts_add(tb_fake_counts *counts, const tb_fake_launch *launch,
                        const tb_fake_device *device);

/** The number of a metric, or -1. */
int tb_fake_metric(const char *name);
const char *tb_fake_metric_unit(int metric);
bool tb_fake_metric_is_ratio(int metric);
double tb_fake_metric_value(int metric, const tb_fake_counts *counts, const tb_fake_device *device);

/** "GH100" of 90, or NULL. */
const char *tb_fake_chip_of(int sm);
bool tb_fake_chip_is_known(const char *chip);

/** Passes that a configuration takes, and the metrics of one. */
size_t tb_fake_passes(const tb_fake_config_image *config);
bool tb_fake_is_of_pass(const tb_fake_config_image *config, size_t pass, size_t index);

/** Is this an image that the host half made? */
bool tb_fake_config_is_good(const uint8_t *image, size_t bytes, tb_fake_config_image *out);

/** Is this an image that the target half began? */
bool tb_fake_data_is_good(const uint8_t *image, size_t bytes, tb_fake_data_image *out);

/** Add a launch to the range that is open; see fake_profiler.c. */
void tb_fake_profiler_count(const tb_fake_launch *launch);

/** Every call takes one struct, which says how large it is. */
#define TB_FAKE_PARAMS(params, type)                                                               \
    do {                                                                                           \
        if ((params) == NULL || (params)->structSize < type##_STRUCT_SIZE) {                       \
            return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);                            \
        }                                                                                          \
    } while (0)

/** Define a call with the result that an expression of `params` has. */
#define TB_FAKE_PROFILER_CALL(call, type, result)                                                  \
    CUptiResult call(type *params)                                                                 \
    {                                                                                              \
        TB_FAKE_CALL(#call);                                                                       \
        TB_FAKE_PARAMS(params, type);                                                              \
        return tb_fake_cupti_result(result);                                                       \
    }

#endif
