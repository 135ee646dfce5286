#include "noise.h"

#include "file.h"
#include "system_text.h"
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STEAL_FIELD       8 /* of "cpu user nice system idle iowait irq softirq steal ..." */
#define FREQUENCY_CHANGE  0.02
#define DISTURBED_WARNING 0.25
#define KHZ_PER_MHZ       1e3
#define US_PER_S          1e6
#define MOST_CPUS_READ    64 /* a governor moves CPUs in groups: enough to see it */

bool tb_noise_parse_steal(const char *text, int64_t *ticks)
{
    char line[256];
    size_t length = strcspn(text, "\n");
    if (length >= sizeof line || strncmp(text, "cpu ", 4) != 0) {
        return false;
    }
    memcpy(line, text, length);
    line[length] = '\0';
    char *rest = NULL;
    const char *field = strtok_r(line, " ", &rest);
    for (int i = 0; i < STEAL_FIELD && field != NULL; i++) {
        field = strtok_r(NULL, " ", &rest);
    }
    return field != NULL && tb_text_int(field, ticks);
}

/* The highest frequency of any CPU; 0 where the system does not tell. */
static double read_frequency(const char *root)
{
    double highest_khz = 0;
    for (int cpu = 0; cpu < MOST_CPUS_READ; cpu++) {
        char path[128], text[64];
        int64_t khz = 0;
        (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq",
                       cpu);
        if (!tb_system_line(root, path, text, sizeof text) || !tb_text_int(text, &khz)) {
            break;
        }
        highest_khz = fmax(highest_khz, (double)khz);
    }
    return highest_khz / KHZ_PER_MHZ;
}

tb_status tb_noise_read(const char *root, tb_noise_reading *out, tb_error *err)
{
    struct rusage usage;
    tb_noise_reading reading = {0};
    char line[256];
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return tb_fail(err, TB_EINTERNAL, "the system does not count context switches");
    }
    reading.preemptions = (int64_t)usage.ru_nivcsw;
    reading.has_steal = tb_system_line(root, "/proc/stat", line, sizeof line) &&
                        tb_noise_parse_steal(line, &reading.steal_ticks);
    reading.frequency_mhz = read_frequency(root);
    *out = reading;
    return TB_OK;
}

static void count_frequency(tb_noise *noise, double mhz)
{
    if (mhz > 0) {
        noise->frequency_min_mhz = noise->has_frequency ? fmin(noise->frequency_min_mhz, mhz) : mhz;
        noise->frequency_max_mhz = fmax(noise->frequency_max_mhz, mhz);
        noise->has_frequency = true;
    }
}

static void count_sm_clock(tb_noise *noise, double mhz)
{
    if (mhz > 0) {
        noise->sm_clock_min_mhz = noise->has_sm_clock ? fmin(noise->sm_clock_min_mhz, mhz) : mhz;
        noise->sm_clock_max_mhz = fmax(noise->sm_clock_max_mhz, mhz);
        noise->has_sm_clock = true;
    }
}

static bool has_changed(double first_mhz, double second_mhz)
{
    return first_mhz > 0 && second_mhz > 0 && fabs(second_mhz / first_mhz - 1) > FREQUENCY_CHANGE;
}

/* What a GPU's clocks did; whether that disturbed the sample. */
static bool count_gpu(tb_noise *noise, const tb_gpu_state *before, const tb_gpu_state *after)
{
    uint64_t reasons =
        (before->has_throttle ? before->throttle : 0) | (after->has_throttle ? after->throttle : 0);
    bool is_capped = (reasons & TB_THROTTLE_POWER_CAP) != 0;
    count_sm_clock(noise, before->sm_clock_mhz);
    count_sm_clock(noise, after->sm_clock_mhz);
    noise->throttle |= reasons & ~(uint64_t)TB_THROTTLE_IDLE; /* between launches it is */
    noise->power_capped += is_capped;
    return (reasons & TB_THROTTLE_DISTURBS) != 0 ||
           (has_changed(before->sm_clock_mhz, after->sm_clock_mhz) && !is_capped);
}

bool tb_noise_count(tb_noise *noise, const tb_noise_reading *before, const tb_noise_reading *after,
                    bool is_of_host)
{
    long ticks_per_s = sysconf(_SC_CLK_TCK);
    int64_t preemptions = after->preemptions - before->preemptions, steal = 0;
    noise->samples++;
    noise->preemptions += preemptions;
    if (before->has_steal && after->has_steal) {
        steal = after->steal_ticks - before->steal_ticks;
        noise->has_steal = true;
        noise->steal_us += (double)steal / (double)(ticks_per_s > 0 ? ticks_per_s : 100) * US_PER_S;
    }
    count_frequency(noise, before->frequency_mhz);
    count_frequency(noise, after->frequency_mhz);
    bool is_host_disturbed =
        preemptions > 0 || steal > 0 || has_changed(before->frequency_mhz, after->frequency_mhz);
    bool is_gpu_disturbed = count_gpu(noise, &before->gpu, &after->gpu);
    bool disturbed = (is_host_disturbed && is_of_host) || is_gpu_disturbed;
    noise->disturbed += disturbed;
    return disturbed;
}

void tb_noise_add(tb_noise *noise, const tb_noise *other)
{
    noise->samples += other->samples;
    noise->disturbed += other->disturbed;
    noise->preemptions += other->preemptions;
    noise->has_steal = noise->has_steal || other->has_steal;
    noise->steal_us += other->steal_us;
    if (other->has_frequency) {
        count_frequency(noise, other->frequency_min_mhz);
        count_frequency(noise, other->frequency_max_mhz);
    }
    if (other->has_sm_clock) {
        count_sm_clock(noise, other->sm_clock_min_mhz);
        count_sm_clock(noise, other->sm_clock_max_mhz);
    }
    noise->power_capped += other->power_capped;
    noise->throttle |= other->throttle;
    noise->retries += other->retries;
    noise->discarded += other->discarded;
}

static void TB_PRINTF(3, 4) append(char *text, size_t capacity, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + used, capacity - used, format, arguments);
    va_end(arguments);
}

bool tb_noise_warning(const tb_noise *noise, char *text, size_t capacity)
{
    char reasons[160];
    if ((double)noise->disturbed <= DISTURBED_WARNING * (double)noise->samples) {
        return false;
    }
    text[0] = '\0';
    append(text, capacity,
           "%lld of %lld samples were disturbed: %lld preemptions by other programs",
           (long long)noise->disturbed, (long long)noise->samples, (long long)noise->preemptions);
    if (noise->steal_us > 0) {
        append(text, capacity, ", %.0f ms taken by the host of this virtual machine",
               noise->steal_us / 1e3);
    }
    if (noise->has_frequency && has_changed(noise->frequency_min_mhz, noise->frequency_max_mhz)) {
        append(text, capacity, ", clocks of %.0f to %.0f MHz", noise->frequency_min_mhz,
               noise->frequency_max_mhz);
    }
    if (noise->has_sm_clock && has_changed(noise->sm_clock_min_mhz, noise->sm_clock_max_mhz)) {
        append(text, capacity, ", SM clocks of %.0f to %.0f MHz", noise->sm_clock_min_mhz,
               noise->sm_clock_max_mhz);
    }
    if ((noise->throttle & TB_THROTTLE_DISTURBS) != 0) {
        tb_throttle_text(noise->throttle & TB_THROTTLE_DISTURBS, reasons, sizeof reasons);
        append(text, capacity, ", GPU held down by: %s", reasons);
    }
    return true;
}
