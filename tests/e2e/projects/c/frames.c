/* Two ways to lose a block, `first` and `second`, whose stacks are alike to whoever compares return
 * addresses at known places alone: both are called from one place, what they call is at the same
 * depth, and where the return address of one would be lies an old one of the other. Only the frame
 * pointers tell them apart, or what an aligned frame keeps of its caller's. A block's size says
 * which way it took. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 512, LARGE = 2048, FIRST = 1000, SECOND = 2000 };
typedef void way(unsigned room, unsigned rest, size_t bytes);
static unsigned long state = 1;

static unsigned pick(unsigned below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(state >> 33) % below;
}

__attribute__((noipa)) static void lose(size_t bytes) {
  void *volatile block = malloc(bytes);
  memset(block, 1, bytes);
  block = NULL;
}

/* Its frame is found by the frame pointer as it is where malloc is called. */
__attribute__((noipa)) static void varying(unsigned rest, size_t bytes) {
  volatile char *room = alloca(rest);
  room[0] = 1;
  lose(bytes);
  room[1] = room[0];
}

/* Keeps the caller's frame pointer in memory: it needs all registers that outlive a call. */
static volatile size_t any;
__attribute__((noipa)) static void saving(size_t bytes) {
  size_t a = any, b = any, c = any, d = any, e = any, f = any;
  lose(bytes);
  any = a + b + c + d + e + f;
}

__attribute__((noipa)) static void varying_above(unsigned rest, size_t bytes) {
  volatile char *room = alloca(rest);
  room[0] = 1;
  saving(bytes);
  room[1] = room[0];
}

/* Wherever it is called, its own part of the stack begins at a multiple of 1024. Since what is
 * below varies as well, GCC lets it keep the address of its frame there (DRAP). */
__attribute__((noipa)) static void aligned(unsigned rest, size_t bytes) {
  volatile char wide[1024] __attribute__((aligned(1024)));
  volatile char *room = alloca(rest & 16);
  room[0] = wide[0] = 1;
  lose(bytes);
  wide[1] = wide[0];
}

static void (*inner)(unsigned rest, size_t bytes);

#define WAY(name)                                                                                  \
  __attribute__((noipa)) static void name(unsigned room, unsigned rest, size_t bytes) {            \
    volatile char *own = alloca(room);                                                             \
    own[0] = 1;                                                                                    \
    inner(rest, bytes);                                                                            \
    own[1] = own[0];                                                                               \
  }
WAY(first)
WAY(second)

__attribute__((noipa)) static void go(way *chosen, unsigned room, unsigned rest, size_t bytes) {
  volatile char *deeper = alloca(16 + 64 * pick(8));
  deeper[0] = 1;
  chosen(room, rest, bytes);
  deeper[1] = deeper[0];
}

int main(int argc, char **argv) {
  long count = argc > 2 ? atol(argv[2]) : 1000;
  int is_aligned = argc > 1 && strcmp(argv[1], "aligned") == 0;
  unsigned large = is_aligned ? SMALL + 64 : LARGE;
  inner = is_aligned                                   ? aligned
          : argc > 1 && strcmp(argv[1], "saving") == 0 ? varying_above
                                                       : varying;
  for (long i = 0; i < count; i++) {
    int is_first = pick(16) != 0;
    go(is_first ? first : second, is_first ? SMALL : large, is_first ? LARGE : SMALL,
       is_first ? FIRST : SECOND);
  }
  printf("%ld\n", count);
  return 0;
}
