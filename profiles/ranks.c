#include "ranks.h"

#include "mpi_calls.h"
#include "own_library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#define LIBRARY "libtilebound_mpi.so"

/* What Open MPI's mpirun, and PMI's and PMIx's launchers, tell of themselves. */
static bool was_started_by_mpirun(void)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (getenv(sizes[i]) != NULL) {
            return true;
        }
    }
    return getenv("PMIX_RANK") != NULL;
}

static tb_status open_library(const char *path, const tb_mpi_calls **out, tb_error *err)
{
    /* MPI opens libraries of its own, which look for its symbols: they must be seen. */
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    *out = library != NULL ? dlsym(library, TB_MPI_SYMBOL) : NULL;
    return *out != NULL ? TB_OK
                        : tb_fail(err, TB_EUNAVAILABLE,
                                  "mpirun started us, but MPI cannot be opened: %s", dlerror());
}

static tb_status start(tb_ranks *out, tb_error *err)
{
    const char *path = NULL;
    tb_arena *arena = tb_arena_create();
    tb_status status = arena != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a path");
    if (status == TB_OK) {
        status = tb_own_library_find(LIBRARY,
                                     "which speaks MPI, and mpirun started us (it is built where "
                                     "Open MPI is found: scripts/setup --dev)",
                                     arena, &path, err);
    }
    if (status == TB_OK) {
        status = open_library(path, &out->calls, err);
    }
    if (status == TB_OK && out->calls->start(&out->rank, &out->size, &out->local_rank) != 0) {
        status = tb_fail(err, TB_EIO, "MPI does not start");
    }
    tb_arena_destroy(arena);
    return status;
}

tb_status tb_ranks_open(tb_ranks *out, tb_error *err)
{
    tb_ranks ranks = {.size = 1};
    tb_status status = was_started_by_mpirun() ? start(&ranks, err) : TB_OK;
    *out = status == TB_OK ? ranks : (tb_ranks){.size = 1};
    return status;
}

void tb_ranks_close(tb_ranks *ranks)
{
    if (ranks->calls != NULL) {
        (void)ranks->calls->finish();
    }
    *ranks = (tb_ranks){.size = 1};
}

void tb_ranks_abort(const tb_ranks *ranks, int code)
{
    if (ranks->calls != NULL) {
        ranks->calls->abort(code);
    }
}

tb_status tb_ranks_send(const tb_ranks *ranks, int to, const void *bytes, size_t length,
                        tb_error *err)
{
    if (length > INT_MAX || ranks->calls->send(bytes, (int)length, to) != 0) {
        return tb_fail(err, TB_EIO, "MPI does not send %zu bytes to rank %d", length, to);
    }
    return TB_OK;
}

tb_status tb_ranks_receive(const tb_ranks *ranks, bool wait, int *from, tb_buffer *out,
                           tb_error *err)
{
    bool is_there = false;
    int length = 0;
    *from = -1;
    int code = ranks->calls->probe(wait, &is_there, from, &length);
    if (code == 0 && !is_there) {
        return TB_OK;
    }
    out->length = 0;
    tb_buffer_repeat(out, '\0', (size_t)length);
    tb_status status = tb_buffer_check(out, err);
    if (status == TB_OK && (code != 0 || ranks->calls->receive(out->data, length, *from) != 0)) {
        status = tb_fail(err, TB_EIO, "MPI does not receive");
    }
    return status;
}

/* Rank 0: the failures of the others, then the word to all. */
static tb_status decide(const tb_ranks *ranks, tb_error *first, bool *go, tb_error *err)
{
    tb_buffer message = {0};
    tb_status status = TB_OK;
    for (int i = 1; status == TB_OK && i < ranks->size; i++) {
        int from = -1;
        status = tb_ranks_receive(ranks, true, &from, &message, err);
        if (status == TB_OK && message.length == sizeof *first && first->code == TB_OK) {
            *first = *(const tb_error *)(const void *)message.data;
        }
    }
    *go = first->code == TB_OK;
    char word = *go ? 'g' : 's';
    for (int i = 1; status == TB_OK && i < ranks->size; i++) {
        status = tb_ranks_send(ranks, i, &word, 1, err);
    }
    tb_buffer_free(&message);
    return status;
}

/* Other ranks: tell, and hear. */
static tb_status hear(const tb_ranks *ranks, const tb_error *mine, bool *go, tb_error *err)
{
    tb_buffer message = {0};
    int from = -1;
    tb_status status = tb_ranks_send(ranks, 0, mine, sizeof *mine, err);
    if (status == TB_OK) {
        status = tb_ranks_receive(ranks, true, &from, &message, err);
    }
    *go = status == TB_OK && message.length == 1 && message.data[0] == 'g';
    tb_buffer_free(&message);
    return status;
}

tb_status tb_ranks_agree(const tb_ranks *ranks, tb_status status, const tb_error *why, bool *go,
                         tb_error *err)
{
    tb_error first = {.code = TB_OK};
    if (status != TB_OK) {
        first = *why;
        first.code = status;
    }
    *go = status == TB_OK;
    if (ranks->size > 1) {
        status = ranks->rank == 0 ? decide(ranks, &first, go, err) : hear(ranks, &first, go, err);
        if (status != TB_OK || ranks->rank != 0) {
            return status;
        }
    }
    if (first.code != TB_OK && err != NULL) {
        *err = first;
    }
    return first.code;
}
