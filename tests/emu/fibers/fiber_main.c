/* Fibers that call one another in random order, each with numbers in registers that a switch must
 * keep: many integers and floating-point numbers at once, in loops that a compiler keeps in
 * registers, and a stack that is aligned as calls want it. Exit code 0 when all is right. */
#include "emu_fiber.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIBERS = 50, ROUNDS = 400, STACK = 65536 };

static tb_emu_fiber home, fibers[FIBERS];
static int running, ended, wrong;
static uint64_t state = 1;

static unsigned draw(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 40);
}

/* Another fiber goes on, perhaps this one. */
static void step(void)
{
    int from = running;
    running = (int)(draw() % FIBERS);
    if (running != from) {
        tb_emu_fiber_switch(&fibers[from], &fibers[running]);
    }
}

static void check(int is_right)
{
    wrong += !is_right;
}

/* Eight integers and eight doubles are alive across each step. */
static void run(uint64_t seed)
{
    uint64_t a = seed, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5, g = a + 6, h = a + 7;
    double p = (double)seed, q = p + 1, r = p + 2, s = p + 3, t = p + 4, u = p + 5, v = p + 6,
           w = p + 7;
    for (int i = 1; i <= ROUNDS; i++) {
        step();
        a += 1, b += 2, c += 3, d += 4, e += 5, f += 6, g += 7, h += 8;
        p += 1, q += 2, r += 3, s += 4, t += 5, u += 6, v += 7, w += 8;
        uint64_t n = (uint64_t)i;
        check(a == seed + n && b == seed + 1 + 2 * n && c == seed + 2 + 3 * n &&
              d == seed + 3 + 4 * n && e == seed + 4 + 5 * n && f == seed + 5 + 6 * n &&
              g == seed + 6 + 7 * n && h == seed + 7 + 8 * n);
        double z = (double)seed, m = i;
        check(p == z + m && q == z + 1 + 2 * m && r == z + 2 + 3 * m && s == z + 3 + 4 * m &&
              t == z + 4 + 5 * m && u == z + 5 + 6 * m && v == z + 6 + 7 * m && w == z + 7 + 8 * m);
    }
}

static void begin(void)
{
    tb_emu_fiber_begun(&home);
    _Alignas(16) volatile unsigned char aligned[16];
    int me = running;
    check((uintptr_t)aligned % 16 == 0);
    run((uint64_t)me * 1000);
    check(running == me);
    ended++;
    while (ended < FIBERS) {
        step();
        check(running == me);
    }
    tb_emu_fiber_switch(&fibers[me], &home);
}

int main(void)
{
    unsigned char *stacks = aligned_alloc(4096, (size_t)FIBERS * STACK);
    if (stacks == NULL) {
        return 1;
    }
    for (int i = 0; i < FIBERS; i++) {
        if (!tb_emu_fiber_prepare(&fibers[i], stacks + (size_t)i * STACK, STACK, (size_t)i % 7 * 64,
                                  begin)) {
            return 1;
        }
    }
    tb_emu_fiber_switch(&home, &fibers[running]);
    for (int i = 0; i < FIBERS; i++) {
        tb_emu_fiber_free(&fibers[i]);
    }
    free(stacks);
    (void)printf("%d fibers, %d rounds each: %d wrong\n", ended, ROUNDS, wrong);
    return ended == FIBERS && wrong == 0 ? 0 : 1;
}
