#include "chart_stride.h"

#include "checked.h"

int tb_chart_first_varied(const tb_layout *layout)
{
    return layout->rank > 1 ? layout->rank - 2 : 0;
}

tb_status tb_chart_need_gna(const tb_case *item, const char *chart, tb_error *err)
{
    return item->pattern.kind == TB_PATTERN_GNA
               ? TB_OK
               : tb_fail(err, TB_EINVAL,
                         "%s varies the stride of a window smaller than the layout; give -w",
                         chart);
}

void tb_chart_set_stride(tb_case *item, int64_t stride)
{
    const tb_layout *layout = &item->problem.layout;
    for (int d = tb_chart_first_varied(layout); d < layout->rank; d++) {
        item->pattern.stride[d] = tb_min(stride, item->pattern.window[d]);
    }
}

const char *tb_chart_varied_words(const tb_layout *layout)
{
    return layout->rank > 2    ? "of the last two dimensions"
           : layout->rank == 2 ? "of both dimensions"
                               : "";
}
