/* What CUPTI writes of kernels: from its buffers to records, and from records to the launches that
 * they are of. Pure: no library is called. */
#ifndef TB_KERNEL_RECORDS_H
#define TB_KERNEL_RECORDS_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One kernel that ran. */
typedef struct tb_kernel_record {
    const char *name; /* mangled; an arena's of tb_kernel_records */
    uint64_t start_ns, end_ns;
    uint32_t correlation;
    uint64_t external; /* number that the launch was given; 0 = none */
    int64_t registers, static_shared_bytes, dynamic_shared_bytes;
    int64_t grid[3], cta[3];
    uint32_t device, stream;
} tb_kernel_record;

/** Records of some buffers, in the order written, with what was wrong with the buffers. */
typedef struct tb_kernel_records {
    tb_kernel_record *all; /* owned */
    size_t count, capacity;
    struct tb_arena *arena;   /* owned: names */
    int64_t dropped;          /* CUPTI says that it lost so many, for want of room */
    int64_t malformed;        /* buffers whose rest could not be read, and records of kernels that
                                 no launch makes */
    int64_t orphans;          /* kernels without an external number, where numbers were asked for */
    struct tb_external *pair; /* owned: correlation to external number, of API records */
    size_t pairs, pair_capacity;
} tb_kernel_records;

/** Steps through a buffer: NULL in *record starts. Gives false at the end and sets *failed for a
 *  buffer that cannot be read on. CUPTI's own iterator stands behind it, or the tests'. */
typedef bool tb_record_next_fn(unsigned char *buffer, size_t bytes, unsigned char **record,
                               void *user, bool *failed);

/** Fetches the text that a record's name points at, which lies outside the buffer: at most
 *  `capacity` bytes with the NUL, cut where it is longer. False for an address that leads nowhere,
 *  which a corrupt record may hold. */
typedef bool tb_record_name_fn(uint64_t address, char *text, size_t capacity, void *user);

/** How buffers are read. */
typedef struct tb_record_reader {
    uint32_t version; /* CUPTI's, which decides how long records are */
    tb_record_next_fn *next;
    tb_record_name_fn *name; /* NULL: names stay "", and no address is followed */
    void *user;              /* handed to both */
} tb_record_reader;

/** Longest name that is kept, with its NUL; CUTLASS makes some of thousands of letters. */
#define TB_KERNEL_NAME_MAX 16384

/**
 * Read one buffer to the end of `records`.
 *
 * Every record must lie in the buffer and follow the one before it, whatever the iterator says;
 * kinds that are not asked for are passed over; a name that does not look like a string is "".
 *
 * @param[in] bytes  valid ones of the buffer
 * @return TB_OK (what is malformed is counted); TB_ENOMEM
 */
TB_NODISCARD tb_status tb_kernel_records_read(tb_kernel_records *records, unsigned char *buffer,
                                              size_t bytes, const tb_record_reader *reader,
                                              tb_error *err);

/** Give kernels the external numbers of their correlation ids, once all buffers are read, and count
 *  the orphans. A correlation id with two numbers has none. */
void tb_kernel_records_link(tb_kernel_records *records);

/** Forget the records, keeping the memory; and free it (a zeroed struct is allowed). */
void tb_kernel_records_clear(tb_kernel_records *records);
void tb_kernel_records_free(tb_kernel_records *records);

/** Why records cannot be trusted. */
typedef enum tb_record_fault {
    TB_RECORDS_GOOD,
    TB_RECORDS_DROPPED,   /* CUPTI lost some */
    TB_RECORDS_MALFORMED, /* a buffer could not be read */
    TB_RECORDS_MISSING,   /* a launch has none */
    TB_RECORDS_TWICE,     /* a launch has more than one */
    TB_RECORDS_ZERO,      /* a time of 0: a stamp, or what lies between two */
    TB_RECORDS_REVERSED,  /* it ends before it starts, or starts before the launch before it ended
                           */
    TB_RECORDS_IMPOSSIBLE /* it lasts longer than the host waited for it */
} tb_record_fault;

#define TB_RECORD_FAULT_COUNT 8

/** Names in the order of tb_record_fault: "dropped records". */
extern const char *const tb_record_fault_names[TB_RECORD_FAULT_COUNT];

/**
 * The records of launches numbered first, first + 1, ..., which followed each other in a stream.
 *
 * @param[in]  host_ns  that the host waited for all of them; 0 = not known
 * @param[out] out      `count` records, of `records`; of use only when good
 * @return the first fault found, in the order of the enumeration
 */
tb_record_fault tb_kernel_records_match(const tb_kernel_records *records, uint64_t first,
                                        size_t count, uint64_t host_ns,
                                        const tb_kernel_record **out);

/**
 * All kernels that can be trusted, in order of start, for launches that have no numbers: of any
 * stream, and of graphs, whose kernels share one correlation id.
 *
 * @param[out] out     room for `records->count`: records, of `records`
 * @param[out] faults  how many there are of each kind: lost (dropped, malformed), without a time
 *                     (zero), ending before they start (reversed), the same in everything as one
 *                     that is given (twice)
 * @return how many are given
 */
size_t tb_kernel_records_by_start(const tb_kernel_records *records, const tb_kernel_record **out,
                                  int64_t faults[TB_RECORD_FAULT_COUNT]);

#endif
