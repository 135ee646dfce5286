/* Plain enumeration of a search's space, through the census, the oracle and predicted times: what
 * the search has to agree with, to the last bit. */
#ifndef TB_SEARCH_LISTING_H
#define TB_SEARCH_LISTING_H

#include "search.h"

/** Configurations of a space, at most. */
#define TB_SEARCH_LISTING_MOST 60000

/** Check that a search of the space has the rows, the front and the count of its enumeration;
 *  returns how many configurations there are. */
size_t tb_search_listing_check(const tb_search_space *space);

#endif
