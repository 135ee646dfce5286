/* The buffers that CUPTI fills: lent, queued, used again, never more than there is room for. */
#include "cupti_buffers.h"

#include "test_support.h"

#include <pthread.h>
#include <string.h>

static size_t lost;
static tb_cupti_result lost_result;

static tb_cupti_result ask_dropped(tb_cu_context context, uint32_t stream, size_t *dropped)
{
    assert_null(context);
    assert_int_equal(stream, 0);
    *dropped = lost;
    lost = 0;
    return lost_result;
}

static uint8_t *request(void)
{
    uint8_t *buffer = NULL;
    size_t bytes = 72, records = 72;
    tb_cupti_buffers_request(&buffer, &bytes, &records);
    assert_int_equal(bytes, buffer == NULL ? 0 : TB_CUPTI_BUFFER_BYTES);
    assert_int_equal(records, 0);
    assert_int_equal((uintptr_t)buffer % TB_CUPTI_ALIGNMENT, 0);
    return buffer;
}

static void complete(uint8_t *buffer, size_t valid)
{
    tb_cupti_buffers_complete(NULL, 0, buffer, TB_CUPTI_BUFFER_BYTES, valid);
}

/* Give all that came back; how many. */
static int give_all(tb_cupti_seen *seen)
{
    int count = 0;
    for (tb_cupti_buffer *b = tb_cupti_buffers_take(seen), *next; b != NULL; b = next, count++) {
        next = b->next;
        tb_cupti_buffers_give(b);
    }
    return count;
}

static void buffers__come_back_in_the_order_of_completion(void **state)
{
    (void)state;
    tb_cupti_seen seen;
    uint8_t *lent[3];
    tb_cupti_buffers_open(ask_dropped);
    for (size_t i = 0; i < 3; i++) {
        lent[i] = request();
        assert_non_null(lent[i]);
        lent[i][TB_CUPTI_BUFFER_BYTES - 1] = (uint8_t)i;
    }
    complete(lent[1], 72);
    complete(lent[2], 0);
    complete(lent[0], TB_CUPTI_BUFFER_BYTES);
    tb_cupti_buffer *first = tb_cupti_buffers_take(&seen);
    assert_ptr_equal(first->bytes, lent[1]);
    assert_int_equal(first->valid, 72);
    assert_ptr_equal(first->next->bytes, lent[2]);
    assert_int_equal(first->next->valid, 0);
    assert_ptr_equal(first->next->next->bytes, lent[0]);
    assert_int_equal(first->next->next->valid, TB_CUPTI_BUFFER_BYTES);
    assert_null(first->next->next->next);
    assert_int_equal(seen.dropped + seen.refused + seen.odd, 0);
    tb_cupti_seen later;
    assert_null(tb_cupti_buffers_take(&later)); /* taken they are once */
    tb_cupti_buffers_give(first->next->next);
    tb_cupti_buffers_give(first->next);
    tb_cupti_buffers_give(first);
    assert_ptr_equal(request(), lent[1]); /* and used again */
    complete(lent[1], 7);
    assert_int_equal(give_all(&seen), 1);
    tb_cupti_buffers_close();
}

static void buffers__are_refused_when_there_are_too_many(void **state)
{
    (void)state;
    static uint8_t *lent[TB_CUPTI_BUFFERS_MAX];
    tb_cupti_seen seen;
    tb_cupti_buffers_open(ask_dropped);
    for (size_t i = 0; i < TB_CUPTI_BUFFERS_MAX; i++) {
        lent[i] = request();
        assert_non_null(lent[i]);
    }
    assert_null(request());
    assert_null(request());
    complete(lent[72], 96);
    assert_null(request()); /* queued, not read */
    assert_int_equal(give_all(&seen), 1);
    assert_int_equal(seen.refused, 3);
    assert_ptr_equal(request(), lent[72]);
    for (size_t i = 0; i < TB_CUPTI_BUFFERS_MAX; i++) {
        complete(lent[i], 7);
    }
    assert_int_equal(give_all(&seen), TB_CUPTI_BUFFERS_MAX);
    assert_int_equal(seen.refused + seen.odd, 0);
    tb_cupti_buffers_close();
}

static void buffers__that_were_not_lent_are_odd(void **state)
{
    (void)state;
    static uint8_t foreign[72];
    tb_cupti_seen seen;
    tb_cupti_buffers_open(ask_dropped);
    uint8_t *lent = request();
    complete(foreign, 7);
    complete(lent + 8, 7);
    complete(lent, 96);
    complete(lent, 96);
    complete(NULL, 0); /* of a request that was refused */
    tb_cupti_buffer *back = tb_cupti_buffers_take(&seen);
    assert_int_equal(seen.odd, 3);
    assert_ptr_equal(back->bytes, lent);
    assert_null(back->next);
    tb_cupti_buffers_give(back);
    lent = request();
    complete(lent, TB_CUPTI_BUFFER_BYTES + 1); /* more than it has */
    back = tb_cupti_buffers_take(&seen);
    assert_int_equal(seen.odd, 1);
    assert_int_equal(back->valid, TB_CUPTI_BUFFER_BYTES);
    tb_cupti_buffers_give(back);
    tb_cupti_buffers_close();
}

static void buffers__count_what_cupti_lost(void **state)
{
    (void)state;
    tb_cupti_seen seen;
    tb_cupti_buffers_open(ask_dropped);
    lost = 7;
    complete(request(), 72);
    complete(request(), 72);
    lost = 96;
    complete(request(), 72);
    assert_int_equal(give_all(&seen), 3);
    assert_int_equal(seen.dropped, 103);
    assert_int_equal(seen.odd, 0);
    lost = 5;
    lost_result = TB_CUPTI_UNKNOWN; /* then the number means nothing, and there may be one */
    complete(request(), 72);
    lost_result = 0;
    assert_int_equal(give_all(&seen), 1);
    assert_int_equal(seen.dropped, 0);
    assert_int_equal(seen.odd, 1);
    tb_cupti_buffers_close();
}

/* A buffer that comes back after the end is freed (a sanitizer sees a leak otherwise). */
static void buffers__of_a_closed_set_are_freed(void **state)
{
    (void)state;
    tb_cupti_seen seen;
    tb_cupti_buffers_open(ask_dropped);
    uint8_t *late = request(), *queued = request(), *taken = request();
    complete(taken, 72);
    tb_cupti_buffer *mine = tb_cupti_buffers_take(&seen);
    complete(queued, 72);
    tb_cupti_buffers_close();
    assert_null(request());
    lost = 7;
    complete(late, 72);
    assert_int_equal(lost, 7); /* CUPTI is not asked any more */
    lost = 0;
    tb_cupti_buffers_give(mine);
    assert_null(tb_cupti_buffers_take(&seen));
    tb_cupti_buffers_open(ask_dropped);
    complete(request(), 72);
    assert_int_equal(give_all(&seen), 1);
    assert_int_equal(seen.refused, 0);
    tb_cupti_buffers_close();
}

#define THREADS 4
#define ROUNDS  3000

/* CUPTI's threads: each fills buffers and gives them back. */
static void *fill(void *user)
{
    (void)user;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t *buffer = NULL;
        size_t bytes = 0, records = 0;
        tb_cupti_buffers_request(&buffer, &bytes, &records);
        if (buffer != NULL) {
            memset(buffer, i % 251, 72);
            tb_cupti_buffers_complete(NULL, 0, buffer, bytes, 72);
        }
    }
    return NULL;
}

static tb_cupti_result none_dropped(tb_cu_context context, uint32_t stream, size_t *dropped)
{
    (void)context;
    (void)stream;
    *dropped = 1;
    return 0;
}

static void buffers__are_of_one_thread_at_a_time(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    tb_cupti_seen seen;
    int64_t back = 0, refused = 0, dropped = 0, odd = 0;
    tb_cupti_buffers_open(none_dropped);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill, NULL), 0);
    }
    for (int joined = 0; joined <= THREADS; joined++) {
        for (tb_cupti_buffer *b = tb_cupti_buffers_take(&seen), *next; b != NULL; b = next) {
            next = b->next;
            assert_int_equal(b->valid, 72);
            for (int i = 1; i < 72; i++) {
                assert_int_equal(b->bytes[i], b->bytes[0]);
            }
            back++;
            tb_cupti_buffers_give(b);
        }
        refused += seen.refused;
        dropped += seen.dropped;
        odd += seen.odd;
        if (joined < THREADS) {
            assert_int_equal(pthread_join(threads[joined], NULL), 0);
        }
    }
    assert_int_equal(back + refused, THREADS * ROUNDS);
    assert_int_equal(dropped, back);
    assert_int_equal(odd, 0);
    tb_cupti_buffers_close();
}

TB_TESTS(cmocka_unit_test(buffers__come_back_in_the_order_of_completion),
         cmocka_unit_test(buffers__are_refused_when_there_are_too_many),
         cmocka_unit_test(buffers__that_were_not_lent_are_odd),
         cmocka_unit_test(buffers__count_what_cupti_lost),
         cmocka_unit_test(buffers__of_a_closed_set_are_freed),
         cmocka_unit_test(buffers__are_of_one_thread_at_a_time));
