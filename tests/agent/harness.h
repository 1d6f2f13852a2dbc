/* The agent's parts, built with a sanitizer and without preloading, against plain models.
 * Every program takes a seed and prints it before it fails. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"

extern uint64_t seed;

/* xorshift64*: the same sequence everywhere. */
static inline uint64_t random_word(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545f4914f6cdd1du;
}

static inline uint64_t below(uint64_t *state, uint64_t bound) { return random_word(state) % bound; }

#define EXPECT(what)                                                                               \
  do {                                                                                             \
    if (!(what)) {                                                                                 \
      fprintf(stderr, "%s:%d: seed %llu: not so: %s\n", __FILE__, __LINE__,                        \
              (unsigned long long)seed, #what);                                                    \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

#endif
