/* predict --mechanism: the stages' times, and the whole against dense attention. */
#include "mechanism_view.h"

#include "table.h"
#include "units.h"
#include "version.h"

static void put_stage(tb_document *doc, const tb_mechanism_result *result,
                      const tb_stage_result *stage)
{
    bool timed = result->total_us > 0;
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "name", stage->name);
    tb_document_text(doc, "kind", stage->kind);
    tb_document_text(doc, "kernel", stage->kernel);
    if (timed) {
        tb_document_double(doc, "time_us", stage->time_us);
        tb_document_text(doc, "limiter", tb_limiter_names[stage->limiter]);
        tb_document_double(doc, "share", stage->time_us / result->total_us);
        tb_document_double(doc, "least_us", stage->least_us);
        tb_document_text(doc, "basis", tb_basis_names[stage->basis]);
    }
    tb_document_double(doc, "repeats", stage->repeats);
    tb_document_double(doc, "matrix_flop", stage->work.matrix_flop);
    tb_document_text(doc, "rate", tb_matrix_rate_names[stage->work.rate]);
    tb_document_double(doc, "fma_flop", stage->work.fma_flop);
    tb_document_double(doc, "special", stage->work.special);
    tb_document_double(doc, "hbm_bytes", stage->work.hbm_bytes);
    tb_document_double(doc, "pcie_bytes", stage->work.pcie_bytes);
    tb_document_double(doc, "link_bytes", stage->work.link_bytes);
    tb_document_double(doc, "live_bytes", stage->work.live_bytes);
    if (stage->has_census) {
        tb_document_double(doc, "visited", stage->visited);
        tb_document_double(doc, "visited_low", stage->visited_low);
        tb_document_double(doc, "visited_high", stage->visited_high);
        tb_document_double(doc, "dense_tiles", stage->dense_tiles);
    }
    tb_document_close(doc);
}

static void put_time(tb_document *doc, const tb_mechanism_ask *ask,
                     const tb_mechanism_result *result)
{
    tb_document_open_object(doc, "time");
    tb_document_text(doc, "device", ask->choice.device->name);
    tb_document_double(doc, "attention_us", result->total_us);
    tb_document_double(doc, "total_us", result->total_us);
    tb_document_double(doc, "least_us", result->least_us);
    tb_document_double(doc, "dense_us", result->dense_us);
    tb_document_double(doc, "dense_least_us", result->dense_least_us);
    tb_document_double(doc, "speedup", result->speedup);
    tb_document_double(doc, "speedup_total", result->speedup);
    tb_document_text(doc, "basis", tb_basis_names[result->basis]);
    tb_document_close(doc);
}

static tb_document *make_document(const tb_mechanism_ask *ask, const tb_mechanism_result *result)
{
    tb_document *doc = tb_document_create("predict-mechanism", TB_VERSION);
    tb_mechanism_head_document(doc, ask);
    tb_document_open_array(doc, "stages");
    for (size_t i = 0; i < result->stage_count; i++) {
        put_stage(doc, result, &result->stages[i]);
    }
    tb_document_close(doc);
    if (ask->choice.device != NULL) {
        put_time(doc, ask, result);
    }
    tb_document_text(doc, "baseline", tb_baseline_names[ask->mechanism->baseline]);
    tb_document_double(doc, "bound", result->bound);
    tb_document_open_object(doc, "memory");
    tb_document_double(doc, "peak_bytes", result->peak_bytes);
    tb_document_double(doc, "dense_peak_bytes", result->dense_peak_bytes);
    tb_document_close(doc);
    tb_document_bool(doc, "assumed", result->has_assumed);
    return doc;
}

/* What a stage does: its tiles, or its FLOPs and bytes. */
static void cell_work(tb_table *table, const tb_stage_result *stage)
{
    char flop[48], bytes[48];
    const tb_work *work = &stage->work;
    double moved = work->hbm_bytes + work->pcie_bytes + work->link_bytes;
    tb_table_cell(table, "%s",
                  work->matrix_flop + work->fma_flop > 0
                      ? tb_units_decimal(work->matrix_flop + work->fma_flop, "FLOP", flop)
                      : "-");
    tb_table_cell(table, "%s", moved > 0 ? tb_units_bytes(moved, bytes) : "-");
    if (stage->has_census) {
        tb_table_cell(table, "%.1f %%", 100 * stage->visited / stage->dense_tiles);
    } else {
        tb_table_cell(table, "-");
    }
}

static void print_stages(tb_buffer *out, const tb_mechanism_result *result)
{
    static const char *const heads[] = {"stage",          "kind", "work",    "bytes",
                                        "of dense tiles", "time", "limiter", "share"};
    bool timed = result->total_us > 0;
    tb_table table = tb_table_begin(timed ? "llrrrrlr" : "llrrr");
    char time[48];
    for (size_t i = 0; i < (timed ? 8 : 5); i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < result->stage_count; i++) {
        const tb_stage_result *stage = &result->stages[i];
        tb_table_cell(&table, "%s", stage->name);
        tb_table_cell(&table, "%s", stage->kind);
        cell_work(&table, stage);
        if (timed) {
            tb_table_cell(&table, "%s", tb_units_time_us(stage->time_us, time));
            tb_table_cell(&table, "%s", tb_limiter_names[stage->limiter]);
            tb_table_cell(&table, "%.1f %%", 100 * stage->time_us / result->total_us);
        }
    }
    tb_table_print(&table, out);
}

static void print_sums(tb_buffer *out, const tb_mechanism_ask *ask,
                       const tb_mechanism_result *result)
{
    char total[48], dense[48], peak[48], dense_peak[48];
    const char *over = ask->mechanism->phase == TB_PHASE_DECODE
                           ? "dense decode over the whole cache"
                       : ask->mechanism->baseline == TB_BASELINE_CAUSAL ? "causal attention"
                                                                        : "dense self attention";
    tb_buffer_text(out, "\n");
    if (result->total_us > 0) {
        tb_buffer_printf(out, "total    %s on %s (%s); %s %s\n",
                         tb_units_time_us(result->total_us, total), ask->choice.device->name,
                         tb_basis_names[result->basis], over,
                         tb_units_time_us(result->dense_us, dense));
        tb_buffer_printf(out, "speedup  %.2f x, at most %.2f x by the rooflines of both\n",
                         result->speedup, result->bound);
    } else if (result->bound > 0) {
        tb_buffer_printf(out, "speedup over %s, at most %.2f x by tiles of its attention stages\n",
                         over, result->bound);
    }
    tb_buffer_printf(out, "memory   %s at its peak, dense %s\n",
                     tb_units_bytes(result->peak_bytes, peak),
                     tb_units_bytes(result->dense_peak_bytes, dense_peak));
}

static void print_notes(tb_buffer *out, const tb_mechanism_result *result)
{
    if (result->has_assumed) {
        tb_buffer_text(out, "\n* assumed, without a source\n");
    }
    for (size_t i = 0; i < result->notes.count; i++) {
        tb_buffer_printf(out, "%snote: %s\n", i == 0 && !result->has_assumed ? "\n" : "",
                         result->notes.text[i]);
    }
}

tb_status tb_predict_mechanism(const tb_mechanism_ask *ask, const tb_output_args *output,
                               double *least, tb_error *err)
{
    tb_mechanism_result result;
    tb_status status = tb_mechanism_ask_run(ask, &result, err);
    if (status != TB_OK) {
        return status;
    }
    *least = result.total_us > 0 ? result.speedup : result.bound;
    tb_output_warnings(&result.warnings);
    if (tb_output_format(output) != TB_FORMAT_TABLE) {
        status = tb_output_document(output, make_document(ask, &result), "stages", err);
    } else {
        tb_buffer text = {0};
        tb_mechanism_head(&text, ask);
        tb_buffer_text(&text, "\n");
        print_stages(&text, &result);
        print_sums(&text, ask, &result);
        print_notes(&text, &result);
        status = tb_output_text(output, &text, err);
    }
    tb_mechanism_result_release(&result);
    return status;
}
