/* Bytes of mask files to bits, fast: a mask of 16384 x 16384 is a quarter of a gigabyte. */
#ifndef TB_BIT_PACK_H
#define TB_BIT_PACK_H

#include "bits.h"

/** Set bit i of `words` iff bytes[i] is non-zero, for n bytes; overwrites tb_bits_words(n) words.
 */
void tb_pack_bytes(const unsigned char *bytes, int64_t n, uint64_t *words);

/** As tb_pack_bytes() for a whole zeroed matrix whose bytes come column after column (Fortran
 *  order). */
void tb_pack_columns(const unsigned char *bytes, tb_bit_matrix *matrix);

/** n bits given eight a byte, the first one highest (as PBM has them); overwrites
 *  tb_bits_words(n) words. Padding bits of the last byte are ignored. */
void tb_pack_high_first(const unsigned char *bytes, int64_t n, uint64_t *words);

#endif
