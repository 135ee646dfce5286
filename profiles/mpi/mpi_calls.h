/* What libtilebound_mpi.so shows: one table of functions. Each returns 0, or MPI's error code. */
#ifndef TB_MPI_CALLS_H
#define TB_MPI_CALLS_H

#include <stdbool.h>

typedef struct tb_mpi_calls {
    int (*start)(int *rank, int *size, int *local_rank); /* local: among those of this machine */
    int (*finish)(void);
    void (*abort)(int code); /* ends all ranks */
    int (*send)(const void *bytes, int length, int to);
    /** Is a message there (or, with `wait`, wait for one): from whom, and how long? */
    int (*probe)(bool wait, bool *is_there, int *from, int *length);
    int (*receive)(void *bytes, int length, int from);
} tb_mpi_calls;

/** Symbol of the table. */
#define TB_MPI_SYMBOL "tb_mpi_table"

extern const tb_mpi_calls tb_mpi_table;

#endif
