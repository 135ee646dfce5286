/* What CUDA's driver calls inside the program that is measured: start CUPTI's records of kernels,
 * write them down every half second, and once more when the program ends.
 *
 * Guest in a house of others, so: nothing is printed, no signal is taken, no failure is passed on,
 * and a fork's child, which has neither our thread nor a CUDA of its own, leaves the file alone. */
#include "cupti.h"
#include "driver.h"
#include "kernel_log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS    500000000L /* what a crash costs at most */
#define MOST_DEVICES 64

/* The driver calls us without an argument, and exit() too: there is no other place for it. */
static struct {
    pthread_mutex_t lock;
    pid_t owner;
    tb_cupti *cupti;
    tb_kernel_log *log;
    tb_kernel_records records;
    bool is_named[MOST_DEVICES];
    bool is_done;
} the = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** Called by the driver in cuInit(). @return 1, whatever happened: the program shall run on */
int InitializeInjection(void);

/* Once a kernel ran on a device, cuInit() is over, and the driver may be asked. */
static void name_device(uint32_t device)
{
    tb_driver driver;
    tb_cu_device handle = 0;
    tb_cu_uuid uuid;
    char name[128] = "", text[48];
    if (device >= MOST_DEVICES || the.is_named[device]) {
        return;
    }
    the.is_named[device] = true;
    if (tb_driver_open(&driver, NULL) == TB_OK &&
        driver.calls.device_get(&handle, (int)device) == 0 &&
        driver.calls.device_uuid(&uuid, handle) == 0 &&
        driver.calls.device_name(name, (int)sizeof name - 1, handle) == 0) {
        tb_driver_print_uuid(&uuid, text);
        tb_kernel_log_device(the.log, device, driver.version, text, name);
    }
}

/* With the lock held. */
static void collect(bool is_last)
{
    tb_error err = {0};
    tb_status status = is_last ? tb_cupti_collect_last(the.cupti, &the.records, &err)
                               : tb_cupti_collect(the.cupti, &the.records, &err);
    if (status != TB_OK) {
        tb_kernel_log_text(the.log, "trouble", err.message);
    } else {
        for (size_t i = 0; i < the.records.count; i++) {
            name_device(the.records.all[i].device);
        }
        tb_kernel_log_add(the.log, &the.records);
    }
    tb_kernel_log_flush(the.log);
}

static void *collect_now_and_then(void *nothing)
{
    const struct timespec period = {.tv_nsec = PERIOD_NS};
    for (bool is_done = false; !is_done;) {
        (void)nanosleep(&period, NULL);
        (void)pthread_mutex_lock(&the.lock);
        is_done = the.is_done;
        if (!is_done) {
            collect(false);
        }
        (void)pthread_mutex_unlock(&the.lock);
    }
    return nothing;
}

static void collect_at_exit(void)
{
    if (getpid() != the.owner) {
        return; /* a fork's child: the lock may be held by a thread that it has not */
    }
    (void)pthread_mutex_lock(&the.lock);
    the.is_done = true;
    collect(false);
    collect(true); /* what the program did not wait for, and what comes with the flush after */
    tb_kernel_log_end(the.log);
    tb_kernel_log_flush(the.log);
    (void)pthread_mutex_unlock(&the.lock);
}

/* The program's signals are for its own threads. */
static void start_thread(void)
{
    pthread_t thread;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, collect_now_and_then, NULL) == 0) {
        (void)pthread_detach(thread);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

__attribute__((visibility("default"))) int InitializeInjection(void)
{
    const char *folder = getenv(TB_KERNEL_LOG_FOLDER);
    tb_error err = {0};
    if (folder == NULL || the.log != NULL) {
        return 1;
    }
    the.owner = getpid();
    the.log = tb_kernel_log_create(folder, (int64_t)the.owner);
    if (the.log == NULL) {
        return 1;
    }
    if (tb_cupti_open(false, &the.cupti, &err) != TB_OK) {
        tb_kernel_log_begin(the.log, 0, false);
        tb_kernel_log_text(the.log, "refused", err.message);
        tb_kernel_log_flush(the.log);
        return 1;
    }
    tb_kernel_log_begin(the.log, tb_cupti_version(the.cupti),
                        tb_cupti_library(the.cupti)->is_emulated);
    tb_kernel_log_flush(the.log);
    if (atexit(collect_at_exit) == 0) {
        start_thread();
    }
    return 1;
}
