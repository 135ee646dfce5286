/* What a process does once before it uses the library. */
#ifndef TB_INIT_H
#define TB_INIT_H

/** Switch GSL's aborting error handler off, so that every GSL status can be checked. Call once,
 *  before any other function of tilebound, from main() or from the program that embeds us. */
void tb_init(void);

/** Version of GSL in use, as "2.7.1". */
const char *tb_gsl_version(void);

#endif
