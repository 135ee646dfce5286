#include "backend.h"
#include "commands.h"

int main(int argc, char **argv)
{
    int code = tb_cli_main(argc, argv);
    tb_backends_close();
    return code;
}
