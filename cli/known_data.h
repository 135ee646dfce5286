/* Data files known by name, whatever their kind. */
#ifndef TB_KNOWN_DATA_H
#define TB_KNOWN_DATA_H

#include "catalogue.h"

/** Load a known file wholly, and keep its summary. What the kind's loader returns. */
TB_NODISCARD tb_status tb_known_summary(tb_catalogue_kind kind, const char *name,
                                        char out[static 256], tb_error *err);

#endif
