/* Integers of known width without a system header, for kernels and the host alike. */
#ifndef TB_CUDA_TYPES_H
#define TB_CUDA_TYPES_H

typedef unsigned char tb_u8;
typedef unsigned short tb_u16;
typedef unsigned int tb_u32;
typedef unsigned long long tb_u64;
typedef int tb_i32;
typedef long long tb_i64;

#endif
