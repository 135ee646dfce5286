/* One profile out of files of other kinds: CSV tables of runs, and what natten.profiler printed. */
#ifndef TB_PROFILE_IMPORT_H
#define TB_PROFILE_IMPORT_H

#include "attention_case.h"
#include "device.h"
#include "yaml_doc.h"

typedef struct tb_import_options {
    const tb_case *item;     /* problem of texts without a command line of their own, or NULL */
    const tb_device *device; /* that texts were printed on, or NULL */
    const char *name;        /* of the profile; NULL: the first file's */
    const char *source;      /* of the runs of texts; NULL: natten.profiler and the file's name */
    bool backprop;           /* texts have a backward pass */
} tb_import_options;

/**
 * Read files into the tree of one profile.
 *
 * A .csv file is a table of runs (profile_csv.h); any other is text with tables of natten.profiler,
 * whose runs are called as the file: `flux-na`, `flux-na-2` for a second table. A sparse run's
 * baseline is the first dense run of the same work in these texts.
 *
 * @param[out] out  free with tb_yaml_destroy()
 * @return TB_OK; TB_EINVAL where a text's problem or device is not known, or known twice; TB_EFILE;
 *         TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_profile_import(const char *const *paths, size_t count,
                                         const tb_import_options *options, tb_yaml **out,
                                         tb_error *err);

#endif
