/* Words of 16 bytes as numbers: eight of a 16-bit type, four of fp32. */
#ifndef TB_ELEMENTS_H
#define TB_ELEMENTS_H

#include "ptx.h"

#ifdef TB_FP32

#define TB_WORD_ELEMENTS 4
#define TB_ELEMENT_BYTES 4

TB_FN void tb_word_unpack(tb_u4 word, float out[TB_WORD_ELEMENTS])
{
    out[0] = tb_float_of_bits(word.x);
    out[1] = tb_float_of_bits(word.y);
    out[2] = tb_float_of_bits(word.z);
    out[3] = tb_float_of_bits(word.w);
}

TB_FN tb_u4 tb_word_pack(const float x[TB_WORD_ELEMENTS])
{
    tb_u4 word;
    word.x = tb_bits_of_float(x[0]);
    word.y = tb_bits_of_float(x[1]);
    word.z = tb_bits_of_float(x[2]);
    word.w = tb_bits_of_float(x[3]);
    return word;
}

#elif defined(TB_FP16) || defined(TB_BF16)

#define TB_WORD_ELEMENTS 8
#define TB_ELEMENT_BYTES 2

TB_FN void tb_pair_unpack(tb_u32 pair, float out[2])
{
    out[0] = tb_float_of_half(pair & 0xffffu);
    out[1] = tb_float_of_half(pair >> 16);
}

TB_FN void tb_word_unpack(tb_u4 word, float out[TB_WORD_ELEMENTS])
{
    tb_pair_unpack(word.x, out);
    tb_pair_unpack(word.y, out + 2);
    tb_pair_unpack(word.z, out + 4);
    tb_pair_unpack(word.w, out + 6);
}

TB_FN tb_u4 tb_word_pack(const float x[TB_WORD_ELEMENTS])
{
    tb_u4 word;
    word.x = tb_pack(x[0], x[1]);
    word.y = tb_pack(x[2], x[3]);
    word.z = tb_pack(x[4], x[5]);
    word.w = tb_pack(x[6], x[7]);
    return word;
}

#endif

TB_FN tb_u4 tb_word_zero(void)
{
    tb_u4 word;
    word.x = word.y = word.z = word.w = 0;
    return word;
}

#endif
