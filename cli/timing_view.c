#include "timing_view.h"

#include "units.h"

static void put_tile(tb_document *doc, const tb_tile_cycles *tile)
{
    tb_document_open_object(doc, "tile_cycles");
    tb_document_double(doc, "tensor", tile->tensor);
    tb_document_double(doc, "exp", tile->exp);
    tb_document_double(doc, "alu", tile->alu);
    tb_document_double(doc, "smem", tile->smem);
    tb_document_double(doc, "l2", tile->l2);
    tb_document_double(doc, "mask", tile->mask);
    tb_document_double(doc, "latency", tile->latency);
    tb_document_double(doc, "plain", tile->plain);
    tb_document_double(doc, "masked", tile->masked);
    tb_document_close(doc);
}

static void put_schedule(tb_document *doc, const tb_schedule *schedule, tb_schedule_policy policy,
                         double clock_mhz)
{
    tb_document_open_object(doc, "schedule");
    tb_document_text(doc, "policy", tb_schedule_policy_names[policy]);
    tb_document_int(doc, "ctas", schedule->ctas);
    tb_document_int(doc, "slots", schedule->slots);
    tb_document_int(doc, "waves", schedule->waves);
    tb_document_double(doc, "makespan_us", schedule->makespan / clock_mhz);
    tb_document_double(doc, "utilisation", schedule->utilisation);
    tb_document_double(doc, "imbalance", schedule->imbalance);
    tb_document_close(doc);
}

/* Of attention_us, for a single run. */
static void put_interval(tb_document *doc, const tb_time *time)
{
    tb_document_open_object(doc, "interval");
    tb_document_double(doc, "level", 0.95);
    tb_document_double(doc, "low_us", time->low_us);
    tb_document_double(doc, "high_us", time->high_us);
    tb_document_close(doc);
}

/* Launches beside the attention kernel's own. */
static void put_launches(tb_document *doc, const tb_time *time)
{
    tb_document_open_array(doc, "side_launches");
    for (int side = 0; side < TB_SIDE_COUNT; side++) {
        if (time->side_us[side] > 0) {
            tb_document_open_object(doc, NULL);
            tb_document_text(doc, "name", tb_side_launch_names[side]);
            tb_document_double(doc, "time_us", time->side_us[side]);
            tb_document_close(doc);
        }
    }
    tb_document_close(doc);
}

void tb_view_timing_document(tb_document *doc, const tb_timing *timing,
                             const tb_predict_request *request)
{
    if (timing == NULL) {
        return;
    }
    const tb_time *time = &timing->time;
    tb_document_open_object(doc, "time");
    tb_document_text(doc, "device", request->device->name);
    tb_document_text(doc, "kernel", request->kernel->name);
    tb_document_double(doc, "attention_us", time->attention_us);
    tb_document_double(doc, "permute_us", time->permute_us);
    tb_document_double(doc, "total_us", time->total_us);
    if (timing->has_dense) {
        tb_document_text(doc, "baseline_kernel", request->baseline_kernel->name);
        tb_document_double(doc, "dense_us", timing->dense.attention_us);
        tb_document_double(doc, "speedup", timing->speedup);
        tb_document_double(doc, "speedup_total", timing->speedup_total);
        tb_document_text(doc, "dense_basis", tb_basis_names[timing->dense.basis]);
    } else {
        tb_document_null(doc, "baseline_kernel");
        tb_document_null(doc, "dense_us");
        tb_document_null(doc, "speedup");
        tb_document_null(doc, "speedup_total");
        tb_document_null(doc, "dense_basis");
    }
    tb_document_text(doc, "limiter", tb_limiter_names[time->limiter]);
    tb_document_text(doc, "basis", tb_basis_names[time->basis]);
    tb_document_double(doc, "clock_mhz", time->clock_mhz);
    tb_document_double(doc, "hbm_us", time->hbm_us);
    tb_document_double(doc, "exposed_us", time->exposed_us);
    tb_document_int(doc, "occupancy", time->occupancy);
    tb_document_int(doc, "splits_kv", time->splits);
    put_interval(doc, time);
    put_launches(doc, time);
    put_tile(doc, &time->tile);
    put_schedule(doc, &time->schedule, request->kernel->time.schedule, time->clock_mhz);
    tb_document_close(doc);
}

/* What attention includes beside the kernel itself. */
static void print_launches(tb_buffer *out, const tb_time *time)
{
    char text[48];
    for (int side = 0; side < TB_SIDE_PERMUTE; side++) {
        if (time->side_us[side] > 0) {
            tb_buffer_printf(out, "    of which %-8s %s\n", tb_side_launch_names[side],
                             tb_units_time_us(time->side_us[side], text));
        }
    }
    if (time->splits > 1) {
        tb_buffer_printf(out, "    %lld CTAs share a query tile's KV tiles\n",
                         (long long)time->splits);
    }
}

void tb_view_timing_text(tb_buffer *out, const tb_timing *timing, const tb_predict_request *request)
{
    if (timing == NULL) {
        return;
    }
    const tb_time *time = &timing->time;
    char attention[48], low[48], high[48], permute[48], total[48], dense[48];
    tb_buffer_printf(out, "\npredicted on %s (%s)\n", request->device->name,
                     tb_basis_names[time->basis]);
    tb_buffer_printf(out, "  attention         %s (%s to %s), limited by %s\n",
                     tb_units_time_us(time->attention_us, attention),
                     tb_units_time_us(time->low_us, low), tb_units_time_us(time->high_us, high),
                     tb_limiter_names[time->limiter]);
    print_launches(out, time);
    if (time->permute_us > 0) {
        tb_buffer_printf(out, "  with permutation  %s (%s of it)\n",
                         tb_units_time_us(time->total_us, total),
                         tb_units_time_us(time->permute_us, permute));
    }
    if (timing->has_dense) {
        tb_buffer_printf(out, "  dense baseline    %s with %s (%s)\n",
                         tb_units_time_us(timing->dense.attention_us, dense),
                         request->baseline_kernel->name, tb_basis_names[timing->dense.basis]);
        tb_buffer_printf(out, "  speedup           %.2f x", timing->speedup);
        if (time->permute_us > 0) {
            tb_buffer_printf(out, ", %.2f x with permutation", timing->speedup_total);
        }
        tb_buffer_text(out, "\n");
    }
    tb_buffer_printf(out, "  waves             %lld on %lld slots, %.0f %% of SM time in use\n",
                     (long long)time->schedule.waves, (long long)time->schedule.slots,
                     100 * time->schedule.utilisation);
}
