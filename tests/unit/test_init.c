#include "test_support.h"

#include "init.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_log.h>

static void init__gsl_reports_instead_of_aborting(void **state)
{
    (void)state;
    gsl_sf_result result;
    tb_init();
    assert_int_equal(gsl_sf_log_e(-72.0, &result), GSL_EDOM);
    tb_init(); /* twice is no harm */
    assert_int_equal(gsl_sf_log_e(-96.0, &result), GSL_EDOM);
}

TB_TESTS(cmocka_unit_test(init__gsl_reports_instead_of_aborting));
