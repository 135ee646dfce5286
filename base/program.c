#include "program.h"

#include <stdio.h>
#include <string.h>

bool tb_program_first_line(const char *command, char *line, size_t capacity)
{
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        return false;
    }
    bool found = fgets(line, (int)capacity, pipe) != NULL;
    while (fgetc(pipe) != EOF) { /* let it finish: a closed pipe would fail it */
    }
    found = pclose(pipe) == 0 && found;
    if (found) {
        line[strcspn(line, "\n")] = '\0';
    }
    return found;
}
