#include "nvrtc_open.h"

#include "test_support.h"

tb_nvrtc *tb_test_nvrtc(void)
{
    tb_nvrtc *nvrtc = NULL;
    tb_error err;
    tb_status status = tb_nvrtc_open(&nvrtc, &err);
    if (status == TB_EUNAVAILABLE) {
        print_message("skipped: %s\n", err.message);
        skip();
    }
    tb_assert_ok(status, &err);
    return nvrtc;
}
