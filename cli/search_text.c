/* A search for people. */
#include "case_words.h"
#include "search_view_parts.h"
#include "table.h"
#include "text.h"
#include "units.h"

#include <string.h>

/* Columns that only some searches have. */
typedef struct columns {
    bool layout, schedule; /* where they are searched */
    bool time, whole;
} columns;

static columns columns_of(const tb_search_printer *p, bool is_timed, bool has_whole)
{
    const tb_search_space *space = &p->ask->space;
    columns c = {.schedule = space->all_schedules, .time = is_timed, .whole = has_whole};
    for (int d = 0; d < space->problem.layout.rank; d++) {
        c.layout = c.layout || space->dim[d].max_padding > 0;
    }
    return c;
}

/* What every table of rows begins with. */
static size_t head_pattern(const columns *has, const char **heads, char *alignment)
{
    const struct {
        bool given;
        const char *head;
    } all[] = {{has->layout, "layout"},
               {true, "window"},
               {true, "stride"},
               {true, "tiles"},
               {has->schedule, "schedule"}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].given) {
            alignment[count] = 'l';
            heads[count++] = all[i].head;
        }
    }
    return count;
}

static tb_table begin_table(const columns *has)
{
    const char *heads[16];
    char alignment[16] = "";
    const struct {
        bool given;
        char alignment;
        const char *head;
    } rest[] = {{true, 'r', "sparsity"},     {true, 'r', "bound"},
                {true, 'l', "full"},         {has->time, 'r', "time"},
                {has->time, 'r', "speedup"}, {has->whole, 'r', "end to end"}};
    size_t count = head_pattern(has, heads, alignment);
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        if (rest[i].given) {
            alignment[count] = rest[i].alignment;
            heads[count++] = rest[i].head;
        }
    }
    alignment[count] = '\0';
    tb_table table = tb_table_begin(alignment);
    for (size_t i = 0; i < count; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    return table;
}

static void cell_pattern(const tb_search_printer *p, const columns *has, const tb_search_row *row,
                         tb_table *table)
{
    const tb_search_space *space = &p->ask->space;
    const tb_tiling *tiling = &space->tilings[row->tiling];
    int rank = space->problem.layout.rank, dims = tb_tiling_dims(tiling, &space->problem.layout);
    char layout[96], window[96], stride[96], dilation[96], q[96], kv[96];
    bool is_dilated = false, is_ordered = tiling->order != TB_ORDER_ROW_MAJOR;
    for (int d = 0; d < rank; d++) {
        is_dilated = is_dilated || row->dilation[d] > 1;
    }
    if (has->layout) {
        tb_table_cell(table, "%s", tb_view_dims(row->extent, rank, layout));
    }
    tb_table_cell(table, is_dilated ? "%s dilation %s" : "%s",
                  tb_view_dims(row->window, rank, window),
                  tb_view_dims(row->dilation, rank, dilation));
    tb_table_cell(table, "%s", tb_view_dims(row->stride, rank, stride));
    tb_table_cell(table, is_ordered ? "%s / %s %s" : "%s / %s",
                  tb_view_dims(tiling->q_tile, dims, q), tb_view_dims(tiling->kv_tile, dims, kv),
                  tb_token_order_names[tiling->order]);
    if (has->schedule) {
        tb_table_cell(table, "%s", tb_schedule_policy_names[row->schedule]);
    }
}

static void cell_row(const tb_search_printer *p, const columns *has, const tb_shown_row *shown,
                     tb_table *table)
{
    const tb_search_row *row = shown->row;
    char time[48];
    cell_pattern(p, has, row, table);
    tb_table_cell(table, "%.2f %%", 100 * row->sparsity);
    tb_table_cell(table, "%.3f", row->tile_speedup);
    tb_table_cell(table, "%s", shown->prediction.bound.fully_block_sparse ? "yes" : "no");
    if (has->time) {
        tb_table_cell(table, "%s", tb_units_time_us(shown->timing.time.total_us, time));
        tb_table_cell(table, shown->timing.has_dense ? "%.2f" : "-", shown->timing.speedup_total);
    }
    if (has->whole) {
        bool by_layers = shown->whole.has_layers;
        tb_table_cell(table, by_layers || shown->whole.share != NULL ? "%.2f" : "-",
                      by_layers ? shown->whole.time.speedup : shown->whole.once.speedup);
    }
}

static void print_counts(const tb_search_result *result, tb_buffer *out)
{
    char covered[32], formed[32], timed[32];
    tb_buffer_printf(out, "\n%s %s, by %s products", tb_text_grouped(result->evaluated, covered),
                     result->evaluated == 1 ? "configuration" : "configurations",
                     tb_text_grouped(result->enumerated, formed));
    if (result->timed > 0) {
        tb_buffer_printf(out, " and %s %s", tb_text_grouped(result->timed, timed),
                         result->timed == 1 ? "schedule" : "schedules");
    }
    if (result->counted > 0) {
        tb_buffer_printf(out, " and %s %s", tb_text_grouped(result->counted, timed),
                         result->counted == 1 ? "census" : "censuses");
    }
    tb_buffer_text(out, result->is_proven
                            ? "; exact\n"
                            : "; --max-timed or --max-counted was reached: better ones may "
                              "exist\n");
    if (result->pareto_count > 1) {
        tb_buffer_printf(out,
                         "%zu of them see as much at less cost than all others; --format json "
                         "lists them, plot pareto --search draws them\n",
                         result->pareto_count);
    }
}

static void print_confirmed(const tb_search_printer *p, tb_buffer *out)
{
    const tb_confirmation *confirmed = p->confirmed;
    char time[48];
    if (confirmed == NULL) {
        return;
    }
    tb_buffer_printf(out, "measured on %s:", tb_search_backend(p->args)->name);
    for (size_t i = 0; i < confirmed->count; i++) {
        tb_buffer_printf(out, "%s %s", i > 0 ? "," : "",
                         tb_units_time_us(confirmed->measured_us[i], time));
    }
    tb_buffer_printf(out, "; regret %.1f %%: the first row against row %zu, the best of these\n",
                     100 * confirmed->regret, confirmed->best + 1);
}

/* The layers of a plan, after the rows. */
static void print_plan(const tb_search_printer *p, tb_buffer *out)
{
    if (p->plan == NULL) {
        return;
    }
    const tb_layer_plan *plan = p->plan->plan;
    const char *network = p->ask->network->name;
    char time[48];
    columns has = columns_of(p, true, false);
    const char *heads[16] = {"layers"};
    char alignment[16] = "r";
    size_t count = 1 + head_pattern(&has, &heads[1], &alignment[1]);
    (void)memcpy(&alignment[count], "rr", sizeof "rr");
    heads[count++] = "sparsity";
    heads[count++] = "time";
    tb_table table = tb_table_begin(alignment);
    for (size_t i = 0; i < count; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < plan->count; i++) {
        tb_table_cell(&table, "%lld", (long long)plan->layers[i]);
        cell_pattern(p, &has, &plan->rows[i], &table);
        tb_table_cell(&table, "%.2f %%", 100 * plan->rows[i].sparsity);
        tb_table_cell(&table, "%s", tb_units_time_us(plan->rows[i].time_us, time));
    }
    tb_buffer_printf(out, "\nthe %lld layers of %s, of mean sparsity %.2f %%: %s of attention\n\n",
                     (long long)plan->layer_count, network, 100 * plan->mean_sparsity,
                     tb_units_time_us(plan->total_us, time));
    tb_table_print(&table, out);
    tb_buffer_text(out, "\n");
    if (p->plan->has_whole) {
        tb_whole_network_text(out, p->ask->network, "search", &p->plan->whole);
    }
}

tb_status tb_search_print_text(const tb_search_printer *p, const tb_search_result *result,
                               const tb_shown_row *shown, tb_error *err)
{
    const tb_messages *advice = p->advice;
    tb_buffer text = {0};
    const tb_search_space *space = &p->ask->space;
    char layout[96];
    tb_buffer_printf(
        &text, "%s tokens, %zu tile %s%s%s%s%s, best %s first\n\n",
        tb_view_dims(space->problem.layout.extent, space->problem.layout.rank, layout),
        space->tiling_count, space->tiling_count == 1 ? "shape" : "shapes",
        space->kernel != NULL ? " of " : "", space->kernel != NULL ? space->kernel->name : "",
        space->device != NULL ? " on " : "", space->device != NULL ? space->device->name : "",
        tb_search_goal_names[space->goal]);
    if (result->row_count == 0) {
        tb_buffer_text(&text, "nothing meets the constraints\n");
        return tb_output_text(p->request.output, &text, err);
    }
    columns has = columns_of(p, shown[0].is_timed, shown[0].has_whole);
    tb_table table = begin_table(&has);
    for (size_t i = 0; i < result->row_count; i++) {
        cell_row(p, &has, &shown[i], &table);
    }
    tb_table_print(&table, &text);
    print_counts(result, &text);
    print_confirmed(p, &text);
    print_plan(p, &text);
    for (size_t i = 0; i < advice->count; i++) {
        tb_buffer_printf(&text, "%s\n", advice->text[i]);
    }
    tb_buffer_text(&text, "\n");
    tb_search_print_command(p, &result->rows[0], &text);
    tb_buffer_text(&text, "\n");
    return tb_output_text(p->request.output, &text, err);
}
