/* Devices, kernels and mechanisms of a study, each loaded once and then shared by all threads. */
#ifndef TB_STUDY_MODELS_H
#define TB_STUDY_MODELS_H

#include "buffer.h"
#include "device.h"
#include "kernel.h"
#include "mechanism.h"
#include "network.h"

typedef struct tb_study_models tb_study_models;

tb_study_models *tb_study_models_create(void);
void tb_study_models_destroy(tb_study_models *models);

/** Load a device with its default and its dense kernel, or a kernel, unless it is there.
 *  TB_OK; TB_EINVAL; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_study_models_add_device(tb_study_models *models, const char *name,
                                                  tb_error *err);
TB_NODISCARD tb_status tb_study_models_add_kernel(tb_study_models *models, const char *name,
                                                  tb_error *err);

/** Load a network, and the device of the run that it infers from. As above. */
TB_NODISCARD tb_status tb_study_models_add_network(tb_study_models *models, const char *name,
                                                   tb_error *err);

/** Load a mechanism, or see that a link can be loaded, and note their files. As above. */
TB_NODISCARD tb_status tb_study_models_add_mechanism(tb_study_models *models, const char *name,
                                                     tb_error *err);
TB_NODISCARD tb_status tb_study_models_add_link(tb_study_models *models, const char *name,
                                                tb_error *err);

/** What was added under that name; NULL for a NULL name, or one that was not. */
const tb_device *tb_study_models_device(const tb_study_models *models, const char *name);
const tb_kernel *tb_study_models_kernel(const tb_study_models *models, const char *name);
const tb_network *tb_study_models_network(const tb_study_models *models, const char *name);

/** What can be set: values of devices, and parameters of the mechanisms that are there; at most so
 *  many names, borrowed. */
size_t tb_study_models_set_names(const tb_study_models *models, const char **out, size_t most);

/** Append the files by name and checksum, a line each, in the order of their names. */
void tb_study_models_print(const tb_study_models *models, tb_buffer *out);

#endif
