/* NVRTC for the tests that compile kernels. */
#ifndef TB_NVRTC_OPEN_H
#define TB_NVRTC_OPEN_H

#include "nvrtc.h"

/** NVRTC, to be closed by the caller; where it is not here, the test says so and skips. */
tb_nvrtc *tb_test_nvrtc(void);

#endif
