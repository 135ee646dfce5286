#include "known_data.h"

#include "device.h"
#include "kernel.h"
#include "link.h"
#include "mechanism.h"
#include "network.h"
#include "profile.h"
#include "suite.h"

#include <stdio.h>

tb_status tb_known_summary(tb_catalogue_kind kind, const char *name, char out[static 256],
                           tb_error *err)
{
    tb_kernel *kernel = NULL;
    tb_network *network = NULL;
    tb_suite *suite = NULL;
    tb_device *device = NULL;
    tb_profile *profile = NULL;
    tb_link_facts *link = NULL;
    tb_mechanism *mechanism = NULL;
    const char *summary = "";
    tb_status status = TB_OK;
    switch (kind) {
    case TB_CATALOGUE_KERNEL:
        status = tb_kernel_load(name, &kernel, err);
        summary = kernel != NULL ? kernel->summary : "";
        break;
    case TB_CATALOGUE_NETWORK:
        status = tb_network_load(name, &network, err);
        summary = network != NULL ? network->summary : "";
        break;
    case TB_CATALOGUE_SUITE:
        status = tb_suite_load(name, &suite, err);
        summary = suite != NULL ? suite->summary : "";
        break;
    case TB_CATALOGUE_DEVICE:
        status = tb_device_load(name, &device, err);
        summary = device != NULL ? device->summary : "";
        break;
    case TB_CATALOGUE_PROFILE:
        status = tb_profile_load(name, &profile, err);
        summary = profile != NULL ? profile->summary : "";
        break;
    case TB_CATALOGUE_LINK:
        status = tb_link_load(name, &link, err);
        summary = link != NULL ? link->summary : "";
        break;
    case TB_CATALOGUE_MECHANISM:
        status = tb_mechanism_load(name, &mechanism, err);
        summary = mechanism != NULL ? mechanism->summary : "";
        break;
    }
    (void)snprintf(out, 256, "%s", summary);
    tb_kernel_destroy(kernel);
    tb_network_destroy(network);
    tb_suite_destroy(suite);
    tb_device_destroy(device);
    tb_profile_destroy(profile);
    tb_link_destroy(link);
    tb_mechanism_destroy(mechanism);
    return status;
}
