/* Places in the source of instructions of a twin, and twins that are open. */
#ifndef TB_EMU_PLACE_H
#define TB_EMU_PLACE_H

#include "emu.h"

/** File (its last component) and line of the instruction before `pc`, into a fault; left as they
 *  were where nothing is known. */
void tb_emu_place_find(const void *pc, tb_emu_fault *fault);

/** Where the program or shared object of an address is loaded; NULL when it belongs to none. */
const void *tb_emu_place_base(const void *address);

#endif
