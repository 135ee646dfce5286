#include "emulated.h"

/* A run with a time, real or emulated, and its profile. */
typedef struct example {
    const tb_profile *profile;
    const tb_run *run;
} example;

static example find(const tb_profile *const *profiles, size_t count, bool is_emulated)
{
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < profiles[p]->count; i++) {
            const tb_run *run = &profiles[p]->runs[i];
            if (run->time.given && run->emulated == is_emulated) {
                return (example){profiles[p], run};
            }
        }
    }
    return (example){NULL, NULL};
}

tb_status tb_profiles_emulated(const tb_profile *const *profiles, size_t count,
                               const tb_device *const *devices, bool *out, tb_error *err)
{
    example real = find(profiles, count, false), emulated = find(profiles, count, true);
    if (real.run != NULL && emulated.run != NULL) {
        return tb_fail(err, TB_EINVAL,
                       "run '%.60s' of %.60s is emulated and run '%.60s' of %.60s is real; an "
                       "emulated time says nothing of a GPU, so take them apart",
                       emulated.run->id, emulated.profile->name, real.run->id, real.profile->name);
    }
    for (; real.run != NULL && devices != NULL && *devices != NULL; devices++) {
        if ((*devices)->is_emulated) {
            return tb_fail(err, TB_EINVAL,
                           "device %s is of an emulated GPU and the runs of %.60s are real; "
                           "measure the device anew with --device-facts",
                           (*devices)->name, real.profile->name);
        }
    }
    *out = emulated.run != NULL;
    return TB_OK;
}

bool tb_profiles_have_emulated(const tb_profile *const *profiles, size_t count)
{
    return find(profiles, count, true).run != NULL;
}
