/* Loses blocks on many paths that meet in one function, in an order nobody can foresee. A block's
 * size says which path it took: 16 + the digits of the path in base 3, the last call first. The
 * frames are of all kinds that GCC makes: by the stack pointer, by the frame pointer with a size
 * that varies, and aligned. */
#include <alloca.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 5, PATHS = 243 };
static _Thread_local unsigned long state;

static unsigned pick(unsigned below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(state >> 33) % below;
}

__attribute__((noipa)) static void lose(unsigned path) {
  void *volatile block = malloc(16 + path);
  memset(block, 1, 16 + path);
  block = NULL;
}

__attribute__((noipa)) static void step(unsigned path, unsigned left, unsigned whole);

__attribute__((noipa)) static void straight(unsigned path, unsigned left, unsigned whole) {
  volatile unsigned local[3] = {path, left, whole};
  step(path, left, whole);
  local[0]++;
}

__attribute__((noipa)) static void varying(unsigned path, unsigned left, unsigned whole) {
  volatile char *room = alloca(16 + 16 * pick(2));
  room[0] = 1;
  step(path, left, whole);
  room[1] = room[0];
}

__attribute__((noipa)) static void aligned(unsigned path, unsigned left, unsigned whole) {
  volatile char wide[64] __attribute__((aligned(64)));
  wide[0] = 1;
  step(path, left, whole);
  wide[1] = wide[0];
}

__attribute__((noipa)) static void step(unsigned path, unsigned left, unsigned whole) {
  volatile unsigned after = 0;
  if (left == 0) {
    lose(whole);
  } else if (path % 3 == 0) {
    straight(path / 3, left - 1, whole);
  } else if (path % 3 == 1) {
    varying(path / 3, left - 1, whole);
  } else {
    aligned(path / 3, left - 1, whole);
  }
  after++;
}

static void *lose_many(void *count) {
  state = (unsigned long)count;
  for (long i = 0; i < (long)count; i++) {
    unsigned path = pick(pick(2) == 0 ? 3 : PATHS); /* some paths come often */
    step(path, DEPTH, path);
  }
  return NULL;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000;
  pthread_t threads[2];
  lose_many((void *)count);
  for (int round = 0; round < 2; round++) { /* the second pair gets the stacks of the first */
    for (int i = 0; i < 2; i++) {
      pthread_create(&threads[i], NULL, lose_many, (void *)(count + i));
    }
    for (int i = 0; i < 2; i++) {
      pthread_join(threads[i], NULL);
    }
  }
  printf("%ld\n", count * 5 + 2);
  return 0;
}
