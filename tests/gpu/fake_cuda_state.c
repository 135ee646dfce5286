/* Order of calls, contexts, and what they own. */
#include "fake_cuda.h"

#include "fake_calls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const int tilebound_emulated = 1;

tb_fake_driver tb_fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local tb_fake_gpu *current;

static const char *const kind_names[TB_FAKE_KINDS] = {"allocations", "modules", "streams",
                                                      "events"};

void tb_fake_say(const char *format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "emulated GPU: %s\n", text);
}

static tb_cu_result check(tb_fake_need need)
{
    if (need != TB_FAKE_NOTHING && (!tb_fake.is_ready || tb_fake.pid != getpid())) {
        return FAKE_NOT_INITIALIZED;
    }
    if (need == TB_FAKE_CONTEXT && (current == NULL || current->retained == 0)) {
        return FAKE_INVALID_CONTEXT;
    }
    return need == TB_FAKE_CONTEXT ? current->error : FAKE_SUCCESS;
}

tb_cu_result tb_fake_enter(const char *name, tb_fake_need need, tb_fake_gpu **gpu)
{
    int code = tb_fake_fail(name);
    if (code != 0) {
        return code == -1 ? TB_CU_UNKNOWN : code;
    }
    (void)pthread_mutex_lock(&tb_fake.lock);
    tb_cu_result result = check(need);
    if (result != FAKE_SUCCESS) {
        return tb_fake_leave(result);
    }
    if (gpu != NULL) {
        *gpu = need == TB_FAKE_CONTEXT ? current : NULL;
    }
    return FAKE_SUCCESS;
}

tb_cu_result tb_fake_leave(tb_cu_result result)
{
    (void)pthread_mutex_unlock(&tb_fake.lock);
    return result;
}

tb_fake_gpu *tb_fake_gpu_of(tb_cu_device device)
{
    return device >= 0 && device < tb_fake.count ? &tb_fake.gpu[device] : NULL;
}

void tb_fake_own(tb_fake_gpu *gpu, tb_fake_kind kind, tb_fake_object *object)
{
    object->kind = kind;
    object->next = gpu->objects;
    gpu->objects = object;
}

void tb_fake_disown(tb_fake_gpu *gpu, const tb_fake_object *object)
{
    for (tb_fake_object **at = &gpu->objects; *at != NULL; at = &(*at)->next) {
        if (*at == object) {
            *at = object->next;
            return;
        }
    }
}

bool tb_fake_owns(const tb_fake_gpu *gpu, tb_fake_kind kind, const void *handle)
{
    for (const tb_fake_object *at = gpu->objects; at != NULL; at = at->next) {
        if (at == handle) {
            return at->kind == kind;
        }
    }
    return false;
}

void tb_fake_destroy(tb_fake_gpu *gpu, tb_fake_object *object)
{
    if (object->kind == TB_FAKE_ALLOCATION) {
        tb_fake_allocation *allocation = (tb_fake_allocation *)object;
        gpu->used_bytes -= (int64_t)allocation->bytes;
        tb_emu_free(gpu->memory, allocation->data);
    } else if (object->kind == TB_FAKE_MODULE) {
        tb_twin_destroy(((tb_cu_module)object)->twin);
    }
    free(object);
}

/* What is left of a context, by kind. After a kernel has failed nothing could be given back. */
static void tell_leaks(const tb_fake_gpu *gpu)
{
    int count[TB_FAKE_KINDS] = {0};
    if (gpu->error != FAKE_SUCCESS) {
        return;
    }
    for (const tb_fake_object *at = gpu->objects; at != NULL; at = at->next) {
        count[at->kind]++;
    }
    for (int kind = 0; kind < TB_FAKE_KINDS; kind++) {
        if (count[kind] > 0) {
            tb_fake_leak("%d %s of GPU %d (%lld bytes are allocated)", count[kind],
                         kind_names[kind], gpu->ordinal, (long long)gpu->used_bytes);
        }
    }
}

static void close_context(tb_fake_gpu *gpu)
{
    tell_leaks(gpu);
    while (gpu->objects != NULL) {
        tb_fake_object *object = gpu->objects;
        gpu->objects = object->next;
        tb_fake_destroy(gpu, object);
    }
    tb_emu_memory_destroy(gpu->memory);
    gpu->memory = NULL;
    gpu->error = FAKE_SUCCESS;
}

tb_cu_result cuDevicePrimaryCtxRetain(tb_cu_context *context, tb_cu_device device)
{
    tb_cu_result result = tb_fake_enter("cuDevicePrimaryCtxRetain", TB_FAKE_INIT, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    tb_fake_gpu *gpu = tb_fake_gpu_of(device);
    if (gpu == NULL) {
        return tb_fake_leave(TB_CU_INVALID_DEVICE);
    }
    if (gpu->retained == 0) {
        if (tb_emu_memory_create(&gpu->memory, NULL) != TB_OK) {
            return tb_fake_leave(TB_CU_OUT_OF_MEMORY);
        }
        gpu->is_idle = true;
    }
    gpu->retained++;
    *context = gpu;
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuDevicePrimaryCtxRelease_v2(tb_cu_device device)
{
    tb_cu_result result = tb_fake_enter("cuDevicePrimaryCtxRelease", TB_FAKE_INIT, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    tb_fake_gpu *gpu = tb_fake_gpu_of(device);
    if (gpu == NULL) {
        return tb_fake_leave(TB_CU_INVALID_DEVICE);
    }
    if (gpu->retained == 0) {
        return tb_fake_leave(FAKE_INVALID_CONTEXT);
    }
    if (--gpu->retained == 0) {
        close_context(gpu);
    }
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuCtxSetCurrent(tb_cu_context context)
{
    tb_cu_result result = tb_fake_enter("cuCtxSetCurrent", TB_FAKE_INIT, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    bool is_ours = context == NULL;
    for (int i = 0; i < tb_fake.count; i++) {
        is_ours = is_ours || (context == &tb_fake.gpu[i] && context->retained > 0);
    }
    if (is_ours) {
        current = context;
    }
    return tb_fake_leave(is_ours ? FAKE_SUCCESS : FAKE_INVALID_CONTEXT);
}

tb_cu_result cuCtxGetCurrent(tb_cu_context *context)
{
    tb_cu_result result = tb_fake_enter("cuCtxGetCurrent", TB_FAKE_INIT, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    *context = current != NULL && current->retained > 0 ? current : NULL;
    return tb_fake_leave(FAKE_SUCCESS);
}

/* At the end of the process. */
__attribute__((destructor)) static void close_all(void)
{
    bool is_ours = tb_fake.is_ready && tb_fake.pid == getpid();
    for (int i = 0; is_ours && i < tb_fake.count; i++) {
        if (tb_fake.gpu[i].retained > 0) {
            tb_fake_leak("the context of GPU %d, retained %d times", i, tb_fake.gpu[i].retained);
            close_context(&tb_fake.gpu[i]);
        }
    }
    tb_device_destroy(tb_fake.model);
    tb_fake.model = NULL;
}
