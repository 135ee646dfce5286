/* One mechanism's section of the page. Internal to plots. */
#ifndef TB_MECHANISM_SECTION_H
#define TB_MECHANISM_SECTION_H

#include "mechanism_page.h"

/** Append the section. As tb_mechanism_page(). */
TB_NODISCARD tb_status tb_mechanism_section(const tb_mechanism_entry *entry, tb_buffer *out,
                                            tb_error *err);

/** Append the mechanism's pattern as a picture in the terminal's characters, under a line that says
 *  what is drawn; a line that there is none where no stage has a pattern. */
TB_NODISCARD tb_status tb_mechanism_picture(const tb_mechanism *mechanism, tb_buffer *out,
                                            tb_error *err);

/** Run a mechanism on so many tokens, without a device: counts alone. */
TB_NODISCARD tb_status tb_mechanism_count(const tb_mechanism *mechanism, int64_t tokens,
                                          tb_mechanism_result *out, tb_error *err);

/** Append text for a cell of a table: no bars, no markup. */
void tb_mechanism_cell(tb_buffer *out, const char *text);

#endif
