#include "init.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_version.h>

void tb_init(void)
{
    (void)gsl_set_error_handler_off();
}

const char *tb_gsl_version(void)
{
    return gsl_version;
}
