#include "gnuplot.h"

#include "program.h"

bool tb_gnuplot_version(char out[static 128])
{
    return tb_program_first_line("gnuplot --version 2>/dev/null", out, 128);
}
