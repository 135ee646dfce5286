/* merge: two partial results of attention over disjoint sets of keys become one.
 *
 * Shapes   o1, o2, o         [rows][dim], a row = one query of one head; bf16, fp16 or fp32
 *          lse1, lse2, lse   [rows], fp32, natural logarithms
 *
 *      o1 row  |----16 B----|----16 B----| ...  \
 *                                                 w1 o1 + w2 o2, w = exp(lse_i - lse)
 *      o2 row  |----16 B----|----16 B----| ...  /
 *
 * Why it is so: two reads and a write of o and nothing else that counts, so that it is
 * token_permute once more: words of 16 bytes, neighbouring threads at neighbouring words, two pairs
 * of words in flight a thread. 2 x 2 x 16 bytes x 1,280 threads are 82 kB in flight an SM, of 43 kB
 * that the fastest memory needs.
 *
 * Every word of a row needs the row's two log-sum-exps; the lanes of a row read the same 4 bytes,
 * and compute the weights again rather than wait for one that does. The result may overwrite its
 * inputs. Words of o are read and written by the same thread; a log-sum-exp is read by all threads
 * of its row, so that it is written after a barrier.
 */
#define TB_THREADS  TB_MERGE_THREADS
#define TB_MIN_CTAS TB_MERGE_MIN_CTAS

#include "elements.h"
#include "merge_params.h"

#define TB_MERGES (TB_MERGE_WORDS / TB_THREADS) /* pairs of words a thread merges at a time */
#define TB_LOG2_E 1.44269504088896340736f
#define TB_LN_2   0.693147180559945309417f

/* A row's weights and log-sum-exp. */
typedef struct tb_merge_row {
    float weight1, weight2, lse;
} tb_merge_row;

TB_FN tb_merge_row tb_merge_weights(float lse1, float lse2)
{
    const float larger = tb_max(lse1, lse2);
    /* Where neither saw a key: -inf - -inf is no number. */
    const float from = larger == TB_MINUS_INFINITY ? 0.0f : larger;
    const float weight1 = tb_exp2((lse1 - from) * TB_LOG2_E);
    const float weight2 = tb_exp2((lse2 - from) * TB_LOG2_E);
    const float sum = weight1 + weight2;
    const float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
    tb_merge_row row;
    row.weight1 = weight1 * inverse;
    row.weight2 = weight2 * inverse;
    row.lse = tb_fma(tb_log2(sum), TB_LN_2, from);
    return row;
}

TB_FN tb_u4 tb_merge_words(tb_u4 word1, tb_u4 word2, tb_merge_row row)
{
    float x1[TB_WORD_ELEMENTS], x2[TB_WORD_ELEMENTS];
    tb_word_unpack(word1, x1);
    tb_word_unpack(word2, x2);
    TB_UNROLL
    for (int i = 0; i < TB_WORD_ELEMENTS; i++) {
        x1[i] = tb_fma(row.weight1, x1[i], row.weight2 * x2[i]);
    }
    return tb_word_pack(x1);
}

/* Rows first ... first + rows - 1, at most TB_MERGE_WORDS words. All threads of the CTA. */
TB_FN void tb_merge_rows(const tb_merge_params *params, tb_i64 first, int rows, int row_words)
{
    const tb_i64 offset = first * row_words * 16;
    const unsigned char *const o1 = (const unsigned char *)params->o1 + offset;
    const unsigned char *const o2 = (const unsigned char *)params->o2 + offset;
    unsigned char *const o = (unsigned char *)params->o + offset;
    tb_u4 word1[TB_MERGES], word2[TB_MERGES];
    float lse1[TB_MERGES], lse2[TB_MERGES];
    TB_UNROLL
    for (int m = 0; m < TB_MERGES; m++) {
        const int at = m * TB_THREADS + tb_thread();
        word1[m] = word2[m] = tb_word_zero();
        lse1[m] = lse2[m] = TB_MINUS_INFINITY;
        if (at < rows * row_words) {
            const tb_i64 row = first + at / row_words;
            lse1[m] = params->lse1[row];
            lse2[m] = params->lse2[row];
            word1[m] = tb_load16(o1 + at * 16);
            word2[m] = tb_load16(o2 + at * 16);
        }
    }
    tb_syncthreads();
    TB_UNROLL
    for (int m = 0; m < TB_MERGES; m++) {
        const int at = m * TB_THREADS + tb_thread();
        if (at < rows * row_words) {
            const tb_merge_row row = tb_merge_weights(lse1[m], lse2[m]);
            tb_store16(o + at * 16, tb_merge_words(word1[m], word2[m], row));
            if (params->lse && at % row_words == 0) {
                params->lse[first + at / row_words] = row.lse;
            }
        }
    }
}

TB_KERNEL(merge, tb_merge_params)
{
    const int rows_at_once = TB_MERGE_ROWS_AT_ONCE(params.dim, TB_ELEMENT_BYTES);
    const int row_words = params.dim / TB_WORD_ELEMENTS;
    const tb_i64 step = (tb_i64)tb_grid_x() * rows_at_once;
    for (tb_i64 first = (tb_i64)tb_cta_x() * rows_at_once; first < params.rows; first += step) {
        const tb_i64 left = params.rows - first;
        tb_merge_rows(&params, first, left < rows_at_once ? (int)left : rows_at_once, row_words);
    }
}
