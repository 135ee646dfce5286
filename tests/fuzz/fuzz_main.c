/* The fuzz entry without libFuzzer: seeds and random mutations of them, the same in every run.
 *
 *   fuzz_inputs [FILE ...]     runs these files instead, to repeat what libFuzzer found
 */
#include <gsl/gsl_rng.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TB_TEST_CASES_DIVISOR
#define TB_TEST_CASES_DIVISOR 1
#endif

#define MUTATIONS    (20000 / TB_TEST_CASES_DIVISOR)
#define LARGEST      4096
#define DEFAULT_SEED 20250422UL

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t length);

typedef struct seed {
    const char *bytes;
    size_t length;
} seed;

#define SEED(text)                                                                                 \
    {                                                                                              \
        .bytes = (text), .length = sizeof(text) - 1                                                \
    }

/* CUPTI's records (cupti_layout.h), little-endian: a launch's number, and a kernel of CUPTI 12 or,
 * with 8 bytes more, of 13. Its name is at byte 0x89 of the input: where the first seed has one. */
#define ZERO_4       "\0\0\0\0"
#define ZERO_8       ZERO_4 ZERO_4
#define EXTERNAL(id) "\x27\0\0\0\3\0\0\0" id ZERO_4 id ZERO_4
#define KERNEL(start, end, id)                                                                     \
    "\x0a\0\0\0\0\0\xa8\0" ZERO_8 start ZERO_4 end ZERO_4 ZERO_8 ZERO_8 "\7\0\0\0"                 \
    "\x48\0\0\0\3\0\0\0\1\0\0\0\x60\0\0\0\1\0\0\0\1\0\0\0\x10\4\0\0\0\x20\1\0" ZERO_8 id ZERO_8    \
    "\x89\0\0\0" ZERO_4                                                                            \
    "fmha_fwd" ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8 ZERO_8

/* The first byte chooses the reader: 0 YAML, 1 .npy, 2 PBM, 3 numbers, 4 CSV, 5 natten.profiler,
 * 6 CUPTI's records, 7 what the collector writes of them. */
static const seed seeds[] = {
    SEED("\0schema: tilebound/problem/1\nproblem:\n  layout: [30, 48, 80]\n  dtype: bf16\n"),
    SEED(
        "\0{\"schema\": \"tilebound/problem/1\", \"layout\": [72, 96], \"causal\": [true, false]}"),
    SEED("\0- {a: ~, b: 'x', c: \"\\u00e9\\n\"}\n- |\n  text\n- >-\n  more\n- -7.3e12\n"),
    SEED("\0a: &x [1]\nb: *x\n--- !t\n? k\n: v\n...\n%YAML 1.1\n"),
    SEED("\0[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[72]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
    SEED("\1\x93NUMPY\1\0\x3a\0{'descr': '|b1', 'fortran_order': False, 'shape': (1, 3)}\n\1\0\1"),
    SEED("\1\x93NUMPY\2\0\x39\0\0\0{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2)}\n"
         "\1\0\1\0\1\1"),
    SEED("\2P1\n# comment\n3 2\n1 0 1\n0 1 1\n"),
    SEED("\2P4\n11 2\n\xa0\x60\xff\x7f"),
    SEED("\3-7.3e12"),
    SEED("\3"
         "30x48x80"),
    SEED("\4id,device,kernel,kind,problem.layout,problem.heads,problem.dtype,pattern.window,"
         "tiling.q_tile,time_us,time_us.low,includes,baseline,extra.x\n"
         "d,h100,cudnn,dense,12x72,3,fp16,,,96,90,attention,,1\n"
         "\"a\",h100,fna,,\"12,72\",3,fp16,7x12,8x8,7.3e1,,,d,\n"),
    SEED("\4id,time_ms,time_ms.samples,notes,pattern.causal\r\na,,1;2.5; 3,\"x "
         "\"\"y\"\"\nz\",1x0\r\n"),
    SEED("\5$ python -m natten.profiler -i 96 -w 12 \\\n -s 4 -n 3 --dtype bf16 --backprop\n"
         "| Framework | Kernel category | Arch | Operation | # calls | Runtime |\n"
         "| CUTLASS | attention | Sm90 | FnaForward | 1 | 72.500ms |\n"
         "| CUTLASS | attention | Sm90 | FnaBackward | 1 | 1.158s |\n"
         "| PyTorch | elementwise | - | elementwise_kernel | 4 | 500.000us |\n"
         "| | | | Total | | 1.231s |\n"),
    SEED("\5\xe2\x94\x83 Parameter \xe2\x94\x83 Value \xe2\x94\x83\n"
         "\xe2\x94\x82 q_tile_shape \xe2\x94\x82 (2, 8, 4) \xe2\x94\x82\n"),
    SEED("\6\0" EXTERNAL("\x48\0\0\0") KERNEL("\x60\0\0\0", "\0\1\0\0", "\x48\0\0\0")
             EXTERNAL("\x49\0\0\0") KERNEL("\0\2\0\0", "\0\3\0\0", "\x49\0\0\0")),
    SEED("\6\1" KERNEL("\x60\0\0\0", "\0\1\0\0", "\x48\0\0\0") ZERO_8 EXTERNAL("\x49\0\0\0")
             KERNEL("\x60\0\0\0", "\0\1\0\0", "\x48\0\0\0") ZERO_8),
    SEED("\6\3" KERNEL("\0\3\0\0", "\0\2\0\0", "\x48\0\0\0") ZERO_8 EXTERNAL("\x48\0\0\0")),
    SEED("\7tilebound-kernels\t1\t72\t130001\t0\ndevice\t0\t13000\tGPU-72\tNVIDIA H100\n"
         "name\t0\tfmha\nkernel\t0\t1000\t3500\t9\t0\t7\t168\t16\t65536\t8\t2\t1\t128\t1\t1\n"
         "name\t1\t_ZN1a3abcILi3EEEvi\n"
         "kernel\t0\t4000\t5500\t10\t0\t7\t168\t16\t65536\t8\t2\t1\t128\t1\t1\n"
         "lost\t0\t0\nended\t2\n"),
    SEED("\7tilebound-kernels\t1\t72\t0\t0\nrefused\tanother tool\n"),
    SEED("\7tilebound-kernels\t1\t72\t130001\t1\ntrouble\tno\nname\t0\ta\n"),
};

#define SEED_COUNT (sizeof seeds / sizeof seeds[0])

static size_t below(gsl_rng *random, size_t n)
{
    return (size_t)gsl_rng_uniform_int(random, (unsigned long)n);
}

static void overwrite(gsl_rng *random, unsigned char *data, size_t length)
{
    static const char interesting[] = "\0\1\x7f\x80\xff\n\t :,-[]{}()&*!|>'\"%#?~0129x.eP\xc3\xe2";
    if (length > 0) {
        data[below(random, length)] = (unsigned char)interesting[below(random, sizeof interesting)];
    }
}

static size_t erase(gsl_rng *random, unsigned char *data, size_t length)
{
    size_t at = below(random, length + 1), count = below(random, length - at + 1);
    memmove(data + at, data + at + count, length - at - count);
    return length - count;
}

/* Insert a piece of a seed, which is how structures meet. */
static size_t insert(gsl_rng *random, unsigned char *data, size_t length)
{
    const seed *other = &seeds[below(random, SEED_COUNT)];
    size_t from = below(random, other->length), count = below(random, other->length - from + 1);
    if (length + count > LARGEST) {
        return length;
    }
    size_t at = below(random, length + 1);
    memmove(data + at + count, data + at, length - at);
    memcpy(data + at, other->bytes + from, count);
    return length + count;
}

static size_t repeat(gsl_rng *random, unsigned char *data, size_t length)
{
    size_t at = below(random, length + 1), count = below(random, length - at + 1);
    if (length + count > LARGEST) {
        return length;
    }
    memmove(data + at + count, data + at, length - at);
    return length + count;
}

static size_t mutate(gsl_rng *random, unsigned char *data, size_t length)
{
    for (size_t steps = 1 + below(random, 6); steps > 0; steps--) {
        switch (below(random, 8)) {
        case 0:
            length = erase(random, data, length);
            break;
        case 1:
            length = insert(random, data, length);
            break;
        case 2:
            length = repeat(random, data, length);
            break;
        default:
            overwrite(random, data, length);
        }
    }
    return length;
}

/* From a block of exactly this length, so that a sanitizer sees reads past the end. */
static int run(const unsigned char *data, size_t length)
{
    unsigned char *copy = malloc(length == 0 ? 1 : length);
    if (copy == NULL) {
        return 1;
    }
    memcpy(copy, data, length);
    int failed = LLVMFuzzerTestOneInput(copy, length);
    free(copy);
    return failed;
}

static int run_mutations(gsl_rng *random)
{
    int failed = 0;
    unsigned char data[LARGEST];
    for (int i = 0; i < MUTATIONS && failed == 0; i++) {
        const seed *from = &seeds[below(random, SEED_COUNT)];
        memcpy(data, from->bytes, from->length);
        size_t length = mutate(random, data, from->length);
        if (length > 0 && below(random, 4) != 0) {
            data[0] = (unsigned char)from->bytes[0]; /* mostly keep the reader */
        }
        failed = run(data, length);
    }
    return failed;
}

static int run_file(const char *path)
{
    static unsigned char data[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot read\n", path);
        return 1;
    }
    size_t length = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    return run(data, length);
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        failed |= run_file(argv[i]);
    }
    if (argc > 1) {
        return failed;
    }
    const char *set = getenv("TB_SEED");
    unsigned long start = set == NULL ? DEFAULT_SEED : strtoul(set, NULL, 10);
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random == NULL) {
        return 1;
    }
    gsl_rng_set(random, start);
    for (size_t i = 0; i < SEED_COUNT; i++) {
        failed |= run((const unsigned char *)seeds[i].bytes, seeds[i].length);
    }
    failed |= run_mutations(random);
    gsl_rng_free(random);
    printf("TB_SEED=%lu: %zu seeds, %d mutations\n", start, SEED_COUNT, MUTATIONS);
    return failed;
}
