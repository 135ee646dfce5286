/* The kernel and device models that profiles name, each loaded once; models given by the user stand
 * in for those of their names. */
#ifndef TB_MODELS_IN_USE_H
#define TB_MODELS_IN_USE_H

#include "device.h"
#include "kernel.h"

typedef struct tb_models tb_models;

/** Start with nothing but models that the user gave: NULL-terminated lists, or NULL for none;
 *  borrowed. NULL when memory is exhausted. */
tb_models *tb_models_create(const tb_kernel *const *kernels, const tb_device *const *devices);

/**
 * Lend the device that a profile carries: it is found by its name before any that tilebound knows,
 * but after those that the user gave.
 *
 * @param[in] device  NULL is allowed; borrowed
 * @return TB_OK; TB_EINVAL for another device of its name; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_models_lend(tb_models *models, const tb_device *device, tb_error *err);

/** Free; NULL is allowed. */
void tb_models_destroy(tb_models *models);

/** The kernel of a name, borrowed from `models`. TB_OK; TB_EINVAL for an unknown name; TB_EFILE;
 *  TB_ENOMEM. */
TB_NODISCARD tb_status tb_models_kernel(tb_models *models, const char *name, const tb_kernel **out,
                                        tb_error *err);

/** The device of a name or alias, likewise. */
TB_NODISCARD tb_status tb_models_device(tb_models *models, const char *name, const tb_device **out,
                                        tb_error *err);

#endif
