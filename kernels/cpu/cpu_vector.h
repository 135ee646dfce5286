/* One vector type and its operations, whatever the instruction set that the including file is
 * compiled for. TB_CPU_PORTABLE asks for the one that any compiler can do. Home of the intrinsics.
 *
 * vf_exp2_join(p, n, x): p * 2^n for integer n in [-126, 0], and 0 where x < -126 (so for -inf).
 * vf_hide(s, bits): store -inf in the lanes of s whose bit is clear. */
#ifndef TB_CPU_VECTOR_H
#define TB_CPU_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if !defined(TB_CPU_PORTABLE) && (defined(__AVX2__) || defined(__AVX512F__))
#include <immintrin.h>
#elif !defined(TB_CPU_PORTABLE) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if !defined(TB_CPU_PORTABLE) && defined(__AVX512F__)

#define LANES    16
#define ROWS0    12 /* rows of the register tiles */
#define ROWS1    8
#define ROWS2    4
#define EXP2_ULP 1.05
typedef __m512 vf;

static inline vf vf_zero(void)
{
    return _mm512_setzero_ps();
}
static inline vf vf_all(float x)
{
    return _mm512_set1_ps(x);
}
static inline vf vf_load(const float *x)
{
    return _mm512_loadu_ps(x);
}
static inline void vf_store(float *x, vf v)
{
    _mm512_storeu_ps(x, v);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}
static inline vf vf_round(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vf vf_exp2_join(vf p, vf n, vf x)
{
    __mmask16 is_normal = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-126), _CMP_GE_OQ);
    return _mm512_maskz_scalef_ps(is_normal, p, n);
}
static inline float vf_greatest(vf v)
{
    return _mm512_reduce_max_ps(v);
}
static inline float vf_total(vf v)
{
    return _mm512_reduce_add_ps(v);
}
static inline void vf_hide(float *s, uint64_t bits)
{
    _mm512_mask_storeu_ps(s, (__mmask16)~bits, _mm512_set1_ps(-HUGE_VALF));
}
static inline vf vf_load_bf16(const uint16_t *x)
{
    __m256i half;
    memcpy(&half, x, sizeof half);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

#elif !defined(TB_CPU_PORTABLE) && defined(__AVX2__)

#define LANES    8
#define ROWS0    6
#define ROWS1    4
#define ROWS2    2
#define EXP2_ULP 1.05
typedef __m256 vf;

static inline vf vf_zero(void)
{
    return _mm256_setzero_ps();
}
static inline vf vf_all(float x)
{
    return _mm256_set1_ps(x);
}
static inline vf vf_load(const float *x)
{
    return _mm256_loadu_ps(x);
}
static inline void vf_store(float *x, vf v)
{
    _mm256_storeu_ps(x, v);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}
static inline vf vf_round(vf x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vf vf_exp2_join(vf p, vf n, vf x)
{
    vf is_normal = _mm256_cmp_ps(x, _mm256_set1_ps(-126), _CMP_GE_OQ);
    __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    vf power = _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
    return _mm256_and_ps(_mm256_mul_ps(p, power), is_normal);
}
static inline __m128 vf_half(vf v, int high)
{
    return high ? _mm256_extractf128_ps(v, 1) : _mm256_castps256_ps128(v);
}
static inline float vf_greatest(vf v)
{
    __m128 x = _mm_max_ps(vf_half(v, 0), vf_half(v, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
static inline float vf_total(vf v)
{
    __m128 x = _mm_add_ps(vf_half(v, 0), vf_half(v, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline void vf_hide(float *s, uint64_t bits)
{
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i hit = _mm256_and_si256(_mm256_set1_epi32((int)(bits & 255)), lane);
    _mm256_maskstore_ps(s, _mm256_cmpeq_epi32(hit, _mm256_setzero_si256()),
                        _mm256_set1_ps(-HUGE_VALF));
}
static inline vf vf_load_bf16(const uint16_t *x)
{
    __m128i half;
    memcpy(&half, x, sizeof half);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

#elif !defined(TB_CPU_PORTABLE) && defined(__ARM_NEON)

#define LANES    4
#define ROWS0    12 /* rows of the register tiles */
#define ROWS1    8
#define ROWS2    4
#define EXP2_ULP 1.05
typedef float32x4_t vf;

static inline vf vf_zero(void)
{
    return vdupq_n_f32(0);
}
static inline vf vf_all(float x)
{
    return vdupq_n_f32(x);
}
static inline vf vf_load(const float *x)
{
    return vld1q_f32(x);
}
static inline void vf_store(float *x, vf v)
{
    vst1q_f32(x, v);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}
static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return vmaxq_f32(a, b);
}
static inline vf vf_round(vf x)
{
    return vrndnq_f32(x);
}
static inline vf vf_exp2_join(vf p, vf n, vf x)
{
    uint32x4_t is_normal = vcgeq_f32(x, vdupq_n_f32(-126));
    int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    vf product = vmulq_f32(p, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(product), is_normal));
}
static inline float vf_greatest(vf v)
{
    return vmaxvq_f32(v);
}
static inline float vf_total(vf v)
{
    return vaddvq_f32(v);
}
static inline void vf_hide(float *s, uint64_t bits)
{
    const uint32_t lanes[4] = {1, 2, 4, 8};
    uint32x4_t is_seen = vtstq_u32(vdupq_n_u32((uint32_t)bits), vld1q_u32(lanes));
    vst1q_f32(s, vbslq_f32(is_seen, vld1q_f32(s), vdupq_n_f32(-HUGE_VALF)));
}
static inline vf vf_load_bf16(const uint16_t *x)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(x), 16));
}

#else

#define LANES    4
#define ROWS0    6
#define ROWS1    4
#define ROWS2    2
#define EXP2_ULP 1.5 /* multiply-adds round twice */
typedef struct vf {
    float lane[LANES];
} vf;

#define EACH_LANE for (int i = 0; i < LANES; i++)

static inline vf vf_all(float x)
{
    return (vf){{x, x, x, x}};
}
static inline vf vf_zero(void)
{
    return vf_all(0);
}
static inline vf vf_load(const float *x)
{
    vf v;
    memcpy(v.lane, x, sizeof v.lane);
    return v;
}
static inline void vf_store(float *x, vf v)
{
    memcpy(x, v.lane, sizeof v.lane);
}
static inline vf vf_fma(vf a, vf b, vf c) /* rounds twice: a fused one would be a call */
{
    EACH_LANE c.lane[i] += a.lane[i] * b.lane[i];
    return c;
}
static inline vf vf_add(vf a, vf b)
{
    EACH_LANE a.lane[i] += b.lane[i];
    return a;
}
static inline vf vf_sub(vf a, vf b)
{
    EACH_LANE a.lane[i] -= b.lane[i];
    return a;
}
static inline vf vf_mul(vf a, vf b)
{
    EACH_LANE a.lane[i] *= b.lane[i];
    return a;
}
static inline vf vf_max(vf a, vf b)
{
    EACH_LANE a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}
static inline vf vf_round(vf x)
{
    EACH_LANE x.lane[i] = nearbyintf(x.lane[i]);
    return x;
}
static inline vf vf_exp2_join(vf p, vf n, vf x)
{
    EACH_LANE p.lane[i] = x.lane[i] >= -126 ? ldexpf(p.lane[i], (int)n.lane[i]) : 0;
    return p;
}
static inline float vf_greatest(vf v)
{
    float low = v.lane[0] > v.lane[1] ? v.lane[0] : v.lane[1];
    float high = v.lane[2] > v.lane[3] ? v.lane[2] : v.lane[3];
    return low > high ? low : high;
}
static inline float vf_total(vf v)
{
    return (v.lane[0] + v.lane[1]) + (v.lane[2] + v.lane[3]);
}
static inline void vf_hide(float *s, uint64_t bits)
{
    EACH_LANE s[i] = bits >> i & 1 ? s[i] : -HUGE_VALF;
}
static inline vf vf_load_bf16(const uint16_t *x)
{
    vf v;
    EACH_LANE
    {
        uint32_t word = (uint32_t)x[i] << 16;
        memcpy(&v.lane[i], &word, sizeof word);
    }
    return v;
}

#endif
#endif
