/* The machine and build that a profile was measured on, and whether times taken there can be
 * trusted. */
#ifndef TB_ENVIRONMENT_H
#define TB_ENVIRONMENT_H

#include "arena.h"
#include "buffer.h"
#include "messages.h"
#include "yaml_doc.h"

#include <stdint.h>

/** The GPU of a measurement; NULL (or 0) where unknown. */
typedef struct tb_environment_gpu {
    const char *name; /* as the driver has it */
    const char *uuid;
    const char *driver;   /* version: "580.159.04" */
    const char *cuda;     /* version that the driver speaks: "13.0" */
    const char *compiler; /* "NVRTC 13.0" */
    double power_limit_w;
} tb_environment_gpu;

/** NULL (or 0) where unknown; texts are an arena's. */
typedef struct tb_environment {
    const char *date; /* 2026-11-26T08:40:00Z */
    const char *cpu;  /* model name */
    const char *isa;  /* instruction set that the kernels use */
    int64_t cpus;     /* that this process may use */
    int64_t threads;  /* that the kernels ran on */
    const char *governor;
    const char *turbo;           /* "on" or "off" */
    const char *virtual_machine; /* "yes" or "no" */
    const char *os;              /* system, release, machine */
    const char *compiler;
    const char *tilebound; /* version */
    tb_environment_gpu gpu;
} tb_environment;

/** Read what the system tells; `isa` and `threads` stay unset, for the backend knows them. `root`
 *  stands before the paths of the system ("" but in tests). TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_environment_read(const char *root, const char *version, tb_arena *arena,
                                           tb_environment *out, tb_error *err);

/** Why times taken here may not be repeatable: one sentence a reason, each with what to do. */
void tb_environment_doubts(const char *root, const tb_environment *environment, tb_messages *out);

/** Read the mapping `environment` of a profile (texts borrowed); a NULL node leaves all unknown.
 *  TB_OK; TB_EFILE with the position. */
TB_NODISCARD tb_status tb_environment_parse(const tb_yaml_node *node, tb_environment *out,
                                            tb_error *err);

/** Write the mapping, with its key, at the top level of a YAML file. */
void tb_environment_print(const tb_environment *environment, tb_buffer *out);

#endif
