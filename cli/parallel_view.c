#include "parallel_view.h"

#include "table.h"
#include "units.h"

#define ROWS_MAX 12 /* runs of steps alike that the table shows */

static const char *link_name(const tb_parallel_request *request)
{
    return request->link != NULL ? request->link : "nvlink";
}

static void put_link(tb_document *doc, const char *key, const char *name, const tb_link *link)
{
    tb_document_open_object(doc, key);
    tb_document_text(doc, "name", name);
    tb_document_double(doc, "latency_us", link->latency_us);
    tb_document_double(doc, "gb_per_s", link->gb_per_s);
    tb_document_close(doc);
}

static void put_steps(tb_document *doc, const tb_parallel_result *result)
{
    tb_document_open_array(doc, "steps");
    for (int64_t s = 0; s < result->time.steps; s++) {
        const tb_parallel_step *step = &result->steps[s];
        tb_document_open_object(doc, NULL);
        tb_document_double(doc, "tiles_mean", step->tiles_mean);
        tb_document_double(doc, "tiles_max", step->tiles_max);
        tb_document_double(doc, "compute_us", step->compute_us);
        tb_document_double(doc, "send_us", step->send_us);
        tb_document_double(doc, "step_us", step->step_us);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_links(tb_document *doc, const tb_parallel_request *request,
                      const tb_parallel_result *result)
{
    if (request->devices == 1) {
        tb_document_null(doc, "link");
        tb_document_null(doc, "group_link");
        return;
    }
    put_link(doc, "link", link_name(request), &result->item.link);
    if (request->method == TB_PARALLEL_HYBRID) {
        put_link(doc, "group_link",
                 request->group_link != NULL ? request->group_link : link_name(request),
                 &result->item.group_link);
    } else {
        tb_document_null(doc, "group_link");
    }
}

void tb_view_parallel_document(tb_document *doc, const tb_parallel_request *request,
                               const tb_parallel_result *result)
{
    if (result == NULL) {
        return;
    }
    const tb_parallel_time *time = &result->time;
    tb_document_open_object(doc, "parallel");
    tb_document_int(doc, "devices", request->devices);
    tb_document_text(doc, "method", tb_parallel_method_names[request->method]);
    tb_document_text(doc, "shards", time->steps > 1 ? tb_shard_order_names[request->order] : NULL);
    tb_document_int(doc, "ulysses", time->ulysses);
    put_links(doc, request, result);
    tb_document_bool(doc, "overlap", request->has_overlap);
    tb_document_double(doc, "total_us", time->total_us);
    tb_document_double(doc, "compute_us", time->compute_us);
    tb_document_double(doc, "exposed_us", time->exposed_us);
    tb_document_double(doc, "exchange_us", time->exchange_us);
    tb_document_double(doc, "bytes_sent", time->bytes_sent);
    tb_document_double(doc, "single_us", time->single_us);
    tb_document_double(doc, "speedup", time->speedup);
    tb_document_double(doc, "efficiency", time->efficiency);
    tb_document_double(doc, "tiles", time->tiles);
    tb_document_double(doc, "device_tiles_min", time->device_min);
    tb_document_double(doc, "device_tiles_mean", time->device_mean);
    tb_document_double(doc, "device_tiles_max", time->device_max);
    tb_document_double(doc, "imbalance", time->imbalance);
    tb_document_bool(doc, "closed_form", time->is_closed_form);
    put_steps(doc, result);
    tb_document_close(doc);
}

static void print_link(tb_buffer *out, const char *name, const tb_link *link)
{
    tb_buffer_printf(out, "%s (%g us + %g GB/s)", name, link->latency_us, link->gb_per_s);
}

static void print_head(tb_buffer *out, const tb_parallel_request *request, const tb_device *device,
                       const tb_parallel_result *result)
{
    tb_buffer_printf(out, "\nover %lld x %s%s\n", (long long)request->devices, device->name,
                     result->basis == TB_BASIS_ASSUMED ? " (assumed)" : "");
    tb_buffer_printf(out, "  method            %s", tb_parallel_method_names[request->method]);
    if (result->time.steps > 1) {
        tb_buffer_printf(out, ", %s shards", tb_shard_order_names[request->order]);
    }
    if (request->method == TB_PARALLEL_HYBRID) {
        tb_buffer_printf(out, ", groups of %lld", (long long)request->ulysses);
    }
    if (request->devices > 1) {
        tb_buffer_text(out, ", link ");
        print_link(out, link_name(request), &result->item.link);
    }
    if (request->group_link != NULL) {
        tb_buffer_text(out, ", within groups ");
        print_link(out, request->group_link, &result->item.group_link);
    }
    tb_buffer_printf(out, "%s\n", request->has_overlap ? "" : ", no overlap");
}

static bool are_alike(const tb_parallel_step *a, const tb_parallel_step *b)
{
    return a->tiles_max >= b->tiles_max && a->tiles_max <= b->tiles_max &&
           a->tiles_mean >= b->tiles_mean && a->tiles_mean <= b->tiles_mean &&
           a->step_us >= b->step_us && a->step_us <= b->step_us && a->send_us >= b->send_us &&
           a->send_us <= b->send_us;
}

static void cell_steps(tb_table *table, int64_t first, int64_t last, const tb_parallel_step *step)
{
    char compute[48], send[48], all[48];
    if (first == last) {
        tb_table_cell(table, "%lld", (long long)first);
    } else {
        tb_table_cell(table, "%lld to %lld", (long long)first, (long long)last);
    }
    tb_table_cell(table, "%.10g", step->tiles_mean);
    tb_table_cell(table, "%.10g", step->tiles_max);
    tb_table_cell(table, "%s", tb_units_time_us(step->compute_us, compute));
    tb_table_cell(table, "%s", tb_units_time_us(step->send_us, send));
    tb_table_cell(table, "%s", tb_units_time_us(step->step_us, all));
}

/* Steps that are alike on one line. */
static void print_steps(tb_buffer *out, const tb_parallel_result *result)
{
    static const char *const heads[] = {"step",    "tiles, mean", "tiles, most",
                                        "compute", "send",        "takes"};
    tb_table table = tb_table_begin("lrrrrr");
    int rows = 0;
    int64_t first = 0, steps = result->time.steps;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    while (first < steps && rows < ROWS_MAX) {
        int64_t last = first;
        while (last + 1 < steps && are_alike(&result->steps[first], &result->steps[last + 1])) {
            last++;
        }
        cell_steps(&table, first, last, &result->steps[first]);
        first = last + 1;
        rows++;
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
    if (first < steps) {
        tb_buffer_printf(out, "and %lld more steps; --format json has them all\n",
                         (long long)(steps - first));
    }
}

void tb_view_parallel_text(tb_buffer *out, const tb_parallel_request *request,
                           const tb_device *device, const tb_parallel_result *result)
{
    char a[48], b[48], c[48];
    if (result == NULL) {
        return;
    }
    const tb_parallel_time *time = &result->time;
    print_head(out, request, device, result);
    tb_buffer_printf(out, "  attention         %s, %s computing, %s of communication not hidden\n",
                     tb_units_time_us(time->total_us, a), tb_units_time_us(time->compute_us, b),
                     tb_units_time_us(time->exposed_us, c));
    tb_buffer_printf(out, "  over one device   %.2f x, efficiency %.1f %%\n", time->speedup,
                     100 * time->efficiency);
    tb_buffer_printf(out, "  sent by a device  %.4g MB\n", time->bytes_sent / 1e6);
    tb_buffer_printf(out, "  tiles a device    %.10g to %.10g, %.10g in the mean: imbalance %.3f\n",
                     time->device_min, time->device_max, time->device_mean, time->imbalance);
    print_steps(out, result);
}
