#include "mpi_calls.h"

#include <mpi.h>
#include <stddef.h>

#define TAG 1

static int find_local_rank(int rank, int *out)
{
    MPI_Comm here;
    int code =
        MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &here);
    if (code == MPI_SUCCESS) {
        code = MPI_Comm_rank(here, out);
        (void)MPI_Comm_free(&here);
    }
    return code;
}

/* Threads evaluate points, but only the first one speaks. */
static int start(int *rank, int *size, int *local_rank)
{
    int provided = 0;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    if (code == MPI_SUCCESS) {
        code = MPI_Comm_rank(MPI_COMM_WORLD, rank);
    }
    if (code == MPI_SUCCESS) {
        code = MPI_Comm_size(MPI_COMM_WORLD, size);
    }
    return code == MPI_SUCCESS ? find_local_rank(*rank, local_rank) : code;
}

static int finish(void)
{
    return MPI_Finalize();
}

static void end_all(int code)
{
    (void)MPI_Abort(MPI_COMM_WORLD, code);
}

static int send_bytes(const void *bytes, int length, int to)
{
    return MPI_Send(bytes, length, MPI_BYTE, to, TAG, MPI_COMM_WORLD);
}

static int probe(bool wait, bool *is_there, int *from, int *length)
{
    MPI_Status status;
    int flag = 1;
    int code = wait ? MPI_Probe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &status)
                    : MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &flag, &status);
    *is_there = code == MPI_SUCCESS && flag != 0;
    if (*is_there) {
        *from = status.MPI_SOURCE;
        code = MPI_Get_count(&status, MPI_BYTE, length);
    }
    return code;
}

static int receive(void *bytes, int length, int from)
{
    return MPI_Recv(bytes, length, MPI_BYTE, from, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

__attribute__((visibility("default"))) const tb_mpi_calls tb_mpi_table = {
    .start = start,
    .finish = finish,
    .abort = end_all,
    .send = send_bytes,
    .probe = probe,
    .receive = receive,
};
