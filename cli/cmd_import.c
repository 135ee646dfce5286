/* tilebound import: CSV tables and natten.profiler's output into one profile. */
#include "case_options.h"
#include "commands.h"
#include "file.h"
#include "list_profile.h"
#include "natten_import.h"
#include "output.h"
#include "profile_import.h"
#include "yaml_write.h"

#include <stddef.h>

typedef struct import_args {
    tb_case_args item; /* as far as natten.profiler has it */
    const char *device, *name, *source;
    const char *path;
    tb_arg_choice format;
} import_args;

#define AT(field)   offsetof(import_args, field)
#define ITEM(field) offsetof(import_args, item.field)
#define ANY         INT64_MAX

/* Those of natten.profiler, with its defaults. */
static const tb_option natten_options[] = {
    {"device", '\0', TB_OPTION_TEXT, "NAME", "device that it ran on, by name or YAML file",
     AT(device), 0, 0, NULL, 0},
    {"input-size", 'i', TB_OPTION_LIST, "30x48x80", "token layout, 1 to 3 dimensions",
     ITEM(input_size), 1, ANY, NULL, 0},
    {"window-size", 'w', TB_OPTION_LIST, "18x24x24", "window a dimension (default: dense)",
     ITEM(window), 1, ANY, NULL, 0},
    {"stride", 's', TB_OPTION_LIST, "16x8x8", "stride a dimension (default 1)", ITEM(stride), 1,
     ANY, NULL, 0},
    {"dilation", '\0', TB_OPTION_LIST, "1x1x2", "dilation a dimension (default 1)", ITEM(dilation),
     1, ANY, NULL, 0},
    {"causal", 'c', TB_OPTION_LIST, "1,0,0", "1 = causal, a dimension (default 0)", ITEM(causal), 0,
     1, NULL, 0},
    {"batch", 'b', TB_OPTION_INT, "N", "batch entries (default 1)", ITEM(batch), 1, ANY, NULL, 0},
    {"heads", 'n', TB_OPTION_INT, "N", "heads (default 1)", ITEM(heads), 1, ANY, NULL, 0},
    {"dim", 'd', TB_OPTION_INT, "N", "head dim (default 64)", ITEM(dim), 1, ANY, NULL, 0},
    {"dim-value", '\0', TB_OPTION_INT, "N", "head dim of the values (default: dim)",
     ITEM(dim_value), 1, ANY, NULL, 0},
    {"dtype", '\0', TB_OPTION_CHOICE, NULL, "element type (default fp16)", ITEM(dtype), 0, 0,
     tb_dtype_names, TB_DTYPE_COUNT},
    {"add-kv", '\0', TB_OPTION_INT, "N", "extra KV tokens", ITEM(add_kv), 0, ANY, NULL, 0},
    {"q-tile", '\0', TB_OPTION_LIST, "4x8x8", "query tile", ITEM(q_tile), 1, ANY, NULL, 0},
    {"kv-tile", '\0', TB_OPTION_LIST, "2x8x8", "KV tile", ITEM(kv_tile), 1, ANY, NULL, 0},
    {"backprop", '\0', TB_OPTION_FLAG, NULL, "a backward pass ran too", ITEM(backprop), 0, 0, NULL,
     0},
    {"source", '\0', TB_OPTION_TEXT, "TEXT", "where it comes from, as the runs are to say",
     AT(source), 0, 0, NULL, 0},
};

static const char *const format_choices[] = {"table", "json", "csv"};

static const tb_option output_options[] = {
    {"output", 'o', TB_OPTION_TEXT, "FILE",
     "write the profile there, and print its runs; else it is printed itself", AT(path), 0, 0, NULL,
     0},
    {"name", '\0', TB_OPTION_TEXT, "NAME", "name of the profile (default: the first file's)",
     AT(name), 0, 0, NULL, 0},
    {"format", '\0', TB_OPTION_CHOICE, NULL, "how to print the runs (default table)", AT(format), 0,
     0, format_choices, 3},
};

/* natten.profiler's problem from the options; *given says whether there is one. */
static tb_status read_case(const tb_case_args *args, tb_case *item, bool *given, tb_error *err)
{
    tb_case_args rest = *args;
    rest.backprop = false; /* which passes a table holds, it says itself */
    *given = tb_case_args_any(args);
    *item = tb_natten_default_case();
    return *given ? tb_case_apply(&rest, item, err) : TB_OK;
}

/* The profile's text to its file or standard output, then its runs. */
static tb_status write_profile(const import_args *args, tb_yaml *tree, tb_error *err)
{
    tb_output_args to = {.path = args->path}, listing = {.format = args->format};
    tb_buffer text = {0};
    tb_profile *profile = NULL;
    tb_yaml_write(&text, tree);
    tb_status status = tb_profile_from_tree(tree, args->path != NULL ? args->path : "-", &profile,
                                            err); /* which sees that it is one */
    if (status != TB_OK) {
        tb_buffer_free(&text);
        return status;
    }
    status = tb_output_text(&to, &text, err);
    if (status == TB_OK && args->path != NULL) {
        status = tb_list_profile_runs(&listing, profile, err);
    }
    tb_profile_destroy(profile);
    return status;
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const import_args *args = arguments;
    tb_import_options options = {
        .name = args->name, .source = args->source, .backprop = args->item.backprop};
    tb_case item;
    tb_device *device = NULL;
    tb_yaml *tree = NULL;
    size_t count = 0;
    bool given = false;
    if (args->format.given && args->path == NULL) {
        return tb_fail(err, TB_EINVAL,
                       "--format says how to print the runs; give -o for the "
                       "profile, which is printed itself otherwise");
    }
    while (positional[count] != NULL) {
        count++;
    }
    tb_status status = read_case(&args->item, &item, &given, err);
    if (status == TB_OK && args->device != NULL) {
        status = tb_device_load(args->device, &device, err);
    }
    if (status == TB_OK) {
        options.item = given ? &item : NULL;
        options.device = device;
        status = tb_profile_import(positional, count, &options, &tree, err);
    }
    if (status == TB_OK) {
        status = write_profile(args, tree, err);
    }
    tb_case_release(&item);
    tb_device_destroy(device);
    return status;
}

static const tb_option_group groups[] = {
    {"What natten.profiler ran", natten_options, sizeof natten_options / sizeof *natten_options, 0},
    {"Output", output_options, sizeof output_options / sizeof *output_options, 0},
};

static const tb_example examples[] = {
    {"tilebound import natten.txt -i 30x48x80 -w 18x24x24 -n 24 -d 128 --q-tile 2x8x8 --kv-tile "
     "2x8x8 --device h100 -o runs.yaml",
     "what natten.profiler printed, with the options that it had"},
    {"tilebound import runs.csv", "a table of runs as YAML; compare reads the table itself too"},
};

const tb_command tb_cmd_import = {
    .name = "import",
    .group = "measure",
    .summary = "a profile out of CSV tables and what natten.profiler printed",
    .positional = "FILE...",
    .description =
        "FILE.csv is a table of runs, one a row, whose columns are the keys of a profile with\n"
        "dots (docs/files.md). Any other file is text that holds tables of `python -m\n"
        "natten.profiler`. These name kernels and times, not the problem: where the text holds\n"
        "the command line before its table, that says it; else these options do, as\n"
        "natten.profiler had them. Kernels of neighborhood attention become sparse runs, over the\n"
        "first dense run of the same work (cuDNN, FlashAttention, FMHA) in these files; copies "
        "and\n"
        "token permutation around them become permute_us. A backward pass is a run of its own.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(import_args),
    .positional_min = 1,
    .positional_max = TB_POSITIONAL_MAX,
    .run = run,
};
