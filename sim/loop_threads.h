/* Threads of sim's parallel loops. Internal to sim. */
#ifndef TB_LOOP_THREADS_H
#define TB_LOOP_THREADS_H

/** Threads that a parallel loop may use, at most. */
int tb_threads(void);

/** The number of the calling thread in its loop, from 0. */
int tb_thread_number(void);

#endif
