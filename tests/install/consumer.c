/* The least that a program which embeds tilebound does; built with find_package and pkg-config. */
#include <tilebound/init.h>
#include <tilebound/status.h>
#include <tilebound/version.h>

#include <stdio.h>

int main(void)
{
    tb_init();
    return printf("%s %s\n", TB_VERSION, tb_status_name(TB_OK)) < 0;
}
