/* Times of the tests' emulated GPU say nothing of a real one: they are never put beside real ones.
 */
#ifndef TB_EMULATED_H
#define TB_EMULATED_H

#include "profile.h"

/**
 * Are the times of some profiles emulated?
 *
 * @param[in]  devices  NULL-terminated models that stand in for the profiles' own, or NULL
 * @param[out] out      all of them are; false without a time
 * @return TB_OK; TB_EINVAL, naming a run of each kind, for both together, and for a model that was
 *         measured on an emulated GPU with real times
 */
TB_NODISCARD tb_status tb_profiles_emulated(const tb_profile *const *profiles, size_t count,
                                            const tb_device *const *devices, bool *out,
                                            tb_error *err);

/** Has a run of some profiles an emulated time? */
bool tb_profiles_have_emulated(const tb_profile *const *profiles, size_t count);

#endif
