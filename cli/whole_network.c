#include "whole_network.h"

#include "checked.h"
#include "units.h"

static void apply_share(const tb_network *network, const tb_forward_time *forward,
                        tb_whole_network *whole)
{
    if (tb_network_time_by_share(network, forward, false, whole->dense_steps, &whole->once) &&
        tb_network_time_by_share(network, forward, true, whole->dense_steps, &whole->every)) {
        whole->share = tb_network_fact(network, TB_SHARE_FACT);
    }
}

tb_status tb_whole_network_find(const tb_network *network, const tb_predict_request *request,
                                const tb_problem *problem, const tb_forward_time *forward,
                                tb_whole_network *out, tb_error *err)
{
    tb_whole_network whole = {.steps = tb_network_steps(network),
                              .has_layers = network->rest.given};
    whole.dense_steps = tb_min(request->dense_steps, whole.steps);
    apply_share(network, forward, &whole);
    tb_network_setup setup = {.problem = problem,
                              .kernel = request->kernel,
                              .device = request->device,
                              .dense_kernel = request->baseline_kernel};
    tb_forward_time all = *forward;
    tb_outside_time outside = {0};
    tb_status status = TB_OK;
    if (whole.has_layers) {
        status = tb_network_rest_time(network, &setup, &all, err);
    }
    if (status == TB_OK && whole.has_layers) {
        status = tb_network_outside_time(network, &setup, &outside, err);
    }
    if (status == TB_OK && whole.has_layers) {
        whole.time =
            tb_network_time_of(&network->rest, &all, &outside, whole.dense_steps, whole.steps);
    }
    if (status == TB_OK) {
        *out = whole;
    }
    return status;
}

static void put_share(tb_document *doc, const tb_whole_network *whole)
{
    if (whole->share == NULL) {
        tb_document_null(doc, "end_to_end");
        return;
    }
    tb_document_open_object(doc, "end_to_end");
    tb_document_double(doc, "attention_share", whole->once.attention_share);
    tb_document_text(doc, "share_source", whole->share->source);
    tb_document_int(doc, "steps", whole->steps);
    tb_document_int(doc, "dense_steps", whole->dense_steps);
    tb_document_double(doc, "amdahl_limit", whole->once.amdahl_limit);
    tb_document_double(doc, "speedup", whole->once.speedup);
    tb_document_double(doc, "speedup_permuting_every_layer", whole->every.speedup);
    tb_document_close(doc);
}

static void put_assumed(tb_document *doc, const tb_network_rest *rest)
{
    tb_document_open_array(doc, "assumed");
    for (size_t i = 0; i < TB_REST_FACT_COUNT; i++) {
        if (rest->facts[i].is_assumed) {
            tb_document_text(doc, NULL, rest->facts[i].name);
        }
    }
    for (size_t i = 0; i < rest->part_count; i++) {
        if (rest->parts[i].is_assumed) {
            tb_document_text(doc, NULL, rest->parts[i].name);
        }
    }
    tb_document_close(doc);
}

static void put_outside(tb_document *doc, const tb_network_rest *rest,
                        const tb_outside_time *outside)
{
    if (!rest->outside.given) {
        tb_document_null(doc, "outside");
        return;
    }
    tb_document_open_object(doc, "outside");
    tb_document_text(doc, "what", rest->outside.what);
    tb_document_double(doc, "s", outside->us / 1e6);
    tb_document_double(doc, "inferred_s", outside->inferred_us / 1e6);
    tb_document_double(doc, "from_total_s", rest->outside.total_s);
    tb_document_text(doc, "from_device", rest->outside.device);
    tb_document_text(doc, "from_case", rest->outside.case_name);
    tb_document_text(doc, "source", rest->outside.total.source);
    tb_document_bool(doc, "scaled", outside->is_scaled);
    tb_document_close(doc);
}

static void put_layers(tb_document *doc, const tb_network *network, const tb_whole_network *whole)
{
    const tb_network_rest *rest = &network->rest;
    const tb_network_time *time = &whole->time;
    const tb_forward_time *forward = &time->forward;
    double seconds = (double)rest->forwards / 1e6;
    if (!whole->has_layers) {
        tb_document_null(doc, "end_to_end_by_layers");
        return;
    }
    tb_document_open_object(doc, "end_to_end_by_layers");
    tb_document_text(doc, "basis", tb_basis_names[time->basis]);
    tb_document_int(doc, "forwards", rest->forwards);
    tb_document_int(doc, "steps", whole->steps);
    tb_document_int(doc, "dense_steps", whole->dense_steps);
    tb_document_double(doc, "dense_s", time->dense_us / 1e6);
    tb_document_double(doc, "sparse_s", time->sparse_us / 1e6);
    tb_document_double(doc, "speedup", time->speedup);
    tb_document_double(doc, "amdahl_limit", time->amdahl_limit);
    tb_document_double(doc, "attention_share", time->attention_share);
    tb_document_double(doc, "dense_attention_s", seconds * forward->dense_us);
    tb_document_double(doc, "attention_s", seconds * forward->attention_us);
    tb_document_double(doc, "permute_s", rest->permutes_once ? 0 : seconds * forward->permute_us);
    tb_document_double(doc, "linear_s", seconds * forward->linear_us);
    tb_document_double(doc, "passes_s", seconds * forward->passes_us);
    tb_document_double(doc, "cross_attention_s", seconds * forward->cross_us);
    put_outside(doc, rest, &time->outside);
    put_assumed(doc, rest);
    tb_document_close(doc);
}

void tb_whole_network_document(tb_document *doc, const tb_network *network,
                               const tb_whole_network *whole)
{
    put_share(doc, whole);
    put_layers(doc, network, whole);
}

static void print_dense_steps(tb_buffer *out, const tb_whole_network *whole)
{
    if (whole->dense_steps > 0) {
        tb_buffer_printf(out, "; %lld of %lld steps dense", (long long)whole->dense_steps,
                         (long long)whole->steps);
    }
    tb_buffer_text(out, "\n");
}

static void print_share(tb_buffer *out, const char *case_name, const tb_whole_network *whole)
{
    tb_buffer_printf(out,
                     "end to end, case %s: %.2f x (%.2f x permuting around every layer), at most "
                     "%.2f x: attention is %.1f %% of the dense network (%s%s)",
                     case_name, whole->once.speedup, whole->every.speedup, whole->once.amdahl_limit,
                     100 * whole->once.attention_share, whole->share->is_assumed ? "assumed: " : "",
                     whole->share->source);
    print_dense_steps(out, whole);
}

static void print_outside(tb_buffer *out, const tb_network_rest *rest,
                          const tb_outside_time *outside)
{
    const tb_outside_run *run = &rest->outside;
    if (!run->given) {
        tb_buffer_text(out, "  what runs outside the layers is not known, and left out\n");
        return;
    }
    char total[48], inferred[48];
    if (outside->is_negative) {
        tb_buffer_printf(out,
                         "  outside: 0, as the layers alone take longer than the %s of case "
                         "%s on %s (%s)\n",
                         tb_units_time_us(1e6 * run->total_s, total), run->case_name, run->device,
                         run->total.source);
        return;
    }
    tb_buffer_printf(out, "  outside: %s; %s inferred from the %s of case %s on %s (%s)%s\n",
                     run->what, tb_units_time_us(outside->inferred_us, inferred),
                     tb_units_time_us(1e6 * run->total_s, total), run->case_name, run->device,
                     run->total.source,
                     outside->is_scaled ? ", scaled by tokens and memory bandwidth" : "");
}

static void print_assumed(tb_buffer *out, const tb_network_rest *rest)
{
    const char *before = "  assumed, without a source: ";
    for (size_t i = 0; i < TB_REST_FACT_COUNT + rest->part_count; i++) {
        bool is_fact = i < TB_REST_FACT_COUNT;
        const tb_rest_part *part = is_fact ? NULL : &rest->parts[i - TB_REST_FACT_COUNT];
        if (is_fact ? rest->facts[i].is_assumed : part->is_assumed) {
            tb_buffer_printf(out, "%s%s", before, is_fact ? rest->facts[i].name : part->name);
            before = "; ";
        }
    }
    tb_buffer_text(out, before[0] == ';' ? "\n" : "");
}

static void print_layers(tb_buffer *out, const tb_network *network, const char *case_name,
                         const tb_whole_network *whole)
{
    const tb_network_rest *rest = &network->rest;
    const tb_network_time *time = &whole->time;
    const tb_forward_time *forward = &time->forward;
    double forwards = (double)rest->forwards;
    double sparse = forward->attention_us + (rest->permutes_once ? 0 : forward->permute_us);
    char a[48], b[48], c[48], d[48], e[48];
    tb_buffer_printf(out,
                     "end to end, case %s, from its layers (%s): %.2f x (%s -> %s), at most %.2f "
                     "x: attention is %.1f %% of the dense network",
                     case_name, tb_basis_names[time->basis], time->speedup,
                     tb_units_time_us(time->dense_us, a), tb_units_time_us(time->sparse_us, b),
                     time->amdahl_limit, 100 * time->attention_share);
    print_dense_steps(out, whole);
    tb_buffer_printf(out, "  %lld forwards: attention %s -> %s%s", (long long)rest->forwards,
                     tb_units_time_us(forwards * forward->dense_us, a),
                     tb_units_time_us(forwards * sparse, b),
                     rest->permutes_once ? "" : " with permutation");
    tb_buffer_printf(out,
                     ", linear layers %s, passes over memory %s, cross attention %s; outside "
                     "%s\n",
                     tb_units_time_us(forwards * forward->linear_us, c),
                     tb_units_time_us(forwards * forward->passes_us, d),
                     tb_units_time_us(forwards * forward->cross_us, e),
                     tb_units_time_us(time->outside.us, a));
    print_outside(out, rest, &time->outside);
    print_assumed(out, rest);
}

void tb_whole_network_text(tb_buffer *out, const tb_network *network, const char *case_name,
                           const tb_whole_network *whole)
{
    if (whole->share != NULL) {
        print_share(out, case_name, whole);
    }
    if (whole->has_layers) {
        print_layers(out, network, case_name, whole);
    }
}
