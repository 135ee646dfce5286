/* How mechanisms look: predicted, explained. */
#ifndef TB_MECHANISM_VIEW_H
#define TB_MECHANISM_VIEW_H

#include "mechanism_options.h"
#include "output.h"

/** predict --mechanism: run and print; *least is the speedup, without a device the bound. */
TB_NODISCARD tb_status tb_predict_mechanism(const tb_mechanism_ask *ask,
                                            const tb_output_args *output, double *least,
                                            tb_error *err);

/** explain --mechanism: a waterfall from the bound to the speedup, stage by stage. */
TB_NODISCARD tb_status tb_explain_mechanism(const tb_mechanism_ask *ask,
                                            const tb_output_args *output, tb_error *err);

/** "minference on 131072 tokens, ..." and the parameters, a line each. */
void tb_mechanism_head(tb_buffer *out, const tb_mechanism_ask *ask);

/** The objects `problem`, `mechanism` and `parameters`. */
void tb_mechanism_head_document(tb_document *doc, const tb_mechanism_ask *ask);

#endif
