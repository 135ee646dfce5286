/* Devices and kernels of a study, each loaded once and then shared by all threads. */
#ifndef TB_STUDY_MODELS_H
#define TB_STUDY_MODELS_H

#include "buffer.h"
#include "device.h"
#include "kernel.h"

typedef struct tb_study_models tb_study_models;

tb_study_models *tb_study_models_create(void);
void tb_study_models_destroy(tb_study_models *models);

/** Load a device with its default and its dense kernel, or a kernel, unless it is there.
 *  TB_OK; TB_EINVAL; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_study_models_add_device(tb_study_models *models, const char *name,
                                                  tb_error *err);
TB_NODISCARD tb_status tb_study_models_add_kernel(tb_study_models *models, const char *name,
                                                  tb_error *err);

/** See that a mechanism can be loaded, and note its file. As above. */
TB_NODISCARD tb_status tb_study_models_add_mechanism(tb_study_models *models, const char *name,
                                                     tb_error *err);

/** What was added under that name; NULL for a NULL name, or one that was not. */
const tb_device *tb_study_models_device(const tb_study_models *models, const char *name);
const tb_kernel *tb_study_models_kernel(const tb_study_models *models, const char *name);

/** Append the files by name and checksum, a line each, in the order of their names. */
void tb_study_models_print(const tb_study_models *models, tb_buffer *out);

#endif
