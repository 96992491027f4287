/*
 * A program that uses loads and stores of every width, calls, loops, a switch, multiplication and
 * division. The tests run it natively and on an interpreter (compiled into rv32_vectors.h and
 * xtensa_vectors.h) and compare. work: at least 256 bytes.
 */
#ifndef TESTS_UNIT_CPU_PROGRAM_H
#define TESTS_UNIT_CPU_PROGRAM_H

#include <stdint.h>

/* They stand over the same bytes. */
typedef uint16_t __attribute__((may_alias)) cpu_half;
typedef int16_t __attribute__((may_alias)) cpu_signed_half;
typedef uint32_t __attribute__((may_alias)) cpu_word;

static uint32_t cpu_mix(uint32_t h, uint32_t v)
{
    h = (h ^ v) * 0x9e3779b1u;
    return h ^ h >> 15;
}

static uint32_t cpu_chosen(uint32_t which, uint32_t a, uint32_t b)
{
    switch (which) {
    case 0:
        return b ? a / b : a;
    case 1:
        return b ? a % b : b;
    case 2:
        return (uint32_t)((uint64_t)a * b >> 32);
    case 3:
        return (uint32_t)((uint64_t)((int64_t)(int32_t)a * (int32_t)b) >> 32);
    case 4:
        return (int32_t)a < (int32_t)b ? a - b : b - a;
    case 5:
        return (uint32_t)((int32_t)a >> (b & 31));
    case 6:
        return b > 1 && b < 0x80000000u ? (uint32_t)((int32_t)a / (int32_t)b) : ~a;
    default:
        return a << (b & 31) | a >> (31 - (b & 31));
    }
}

static uint32_t cpu_program(uint8_t *work, uint32_t seed, uint32_t rounds)
{
    uint32_t h = seed;
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t at = h % 248;
        work[at] = (uint8_t)h;
        *(cpu_half *)(void *)(work + (at & ~1u)) ^= (uint16_t)(h >> 7);
        *(cpu_word *)(void *)(work + (at & ~3u)) += h;
        h = cpu_mix(h, (uint32_t)(int8_t)work[at]);
        h = cpu_mix(h, (uint32_t)(int32_t) * (cpu_signed_half *)(void *)(work + (at & ~1u)));
        h = cpu_mix(h, cpu_chosen(h >> 9 & 7, h, work[(at + 3) & 255] + i));
    }
    return h;
}

#endif
