/* What CUPTI's activity records look like in memory, declared here so that every build has it;
 * cupti_library.c checks it against the toolkit's headers where those are. */
#ifndef TB_CUPTI_LAYOUT_H
#define TB_CUPTI_LAYOUT_H

#include <stdint.h>

/* CUpti_ActivityKind, the first four bytes of every record. */
enum {
    TB_CUPTI_KIND_DRIVER = 4,
    TB_CUPTI_KIND_KERNEL =
        10, /* CONCURRENT_KERNEL: the other kind of kernel runs them one by one */
    TB_CUPTI_KIND_EXTERNAL = 39
};

/* Records begin at a multiple of this. */
#define TB_CUPTI_ALIGNMENT 8

/* CUPTI 13's record of a kernel is CUPTI 12's with 8 bytes more; below 19 is CUDA 11's. */
#define TB_CUPTI_OLDEST     19u
#define TB_CUPTI_13         130000u
#define TB_CUPTI_NEWEST     130001u /* up to which records are known to have these sizes */
#define TB_CUPTI_KERNEL_12  208u
#define TB_CUPTI_KERNEL_13  216u
#define TB_CUPTI_API_BYTES  40u /* of a call of CUDA's: CUpti_ActivityAPI */
#define TB_CUPTI_RECORD_MIN 8u  /* of a kind that is not read */

/* What CUpti_ActivityKernel9 and CUpti_ActivityKernel10 begin with, by CUDA's names. */
typedef struct tb_cupti_kernel {
    uint32_t kind;
    uint8_t cacheConfig, sharedMemoryConfig;
    uint16_t registersPerThread;
    uint32_t partitionedGlobalCacheRequested, partitionedGlobalCacheExecuted;
    uint64_t start, end, completed; /* ns; 0 = not known */
    uint32_t deviceId, contextId, streamId;
    int32_t gridX, gridY, gridZ;
    int32_t blockX, blockY, blockZ;
    int32_t staticSharedMemory, dynamicSharedMemory;
    uint32_t localMemoryPerThread, localMemoryTotal;
    uint32_t correlationId;
    int64_t gridId;
    uint64_t name; /* the address of a text that is CUPTI's */
} tb_cupti_kernel;

/* CUpti_ActivityExternalCorrelation */
typedef struct tb_cupti_external {
    uint32_t kind;
    uint32_t externalKind;
    uint64_t externalId;
    uint32_t correlationId;
    uint32_t reserved;
} tb_cupti_external;

/* CUpti_ExternalCorrelationKind: the one that is ours to use. */
#define TB_CUPTI_EXTERNAL_CUSTOM0 3u

/** Bytes of a kernel's record, by CUPTI's version. */
static inline uint64_t tb_cupti_kernel_bytes(uint32_t version)
{
    return version >= TB_CUPTI_13 ? TB_CUPTI_KERNEL_13 : TB_CUPTI_KERNEL_12;
}

#endif
