/* Builds the object graph that the file named by its argument describes, and lets go of it.
 *   b BYTES                 a block of that size, numbered from 0
 *   e FROM SLOT TO OFFSET   word SLOT of block FROM points OFFSET bytes into block TO
 *   r KIND TO OFFSET        a root points there: g global, t thread-local, s stack, m mmap
 * The program keeps no other copy of an address: what it needs to build is inverted. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MOST 64

static uintptr_t inverted[MOST];
static void *volatile globals[MOST];
static __thread void *volatile locals[MOST];
static void *volatile *mapped;

static void *block(int number) { return (void *)~inverted[number]; }

static __attribute__((noinline)) void make(int number, size_t bytes) {
  inverted[number] = ~(uintptr_t)malloc(bytes);
}

static __attribute__((noinline)) void link_blocks(int from, int slot, int to, int offset) {
  ((void *volatile *)block(from))[slot] = (char *)block(to) + offset;
}

static __attribute__((noinline)) void hold(char kind, int number, int to, int offset,
                                           void *volatile *on_stack) {
  void *volatile *places = kind == 'g'   ? globals
                           : kind == 't' ? locals
                           : kind == 's' ? on_stack
                                         : mapped;
  places[number] = (char *)block(to) + offset;
}

/* Overwrites what the calls above left below main's frame, and in the registers. */
static __attribute__((noinline)) void forget(void) {
  char volatile waste[16384];
  memset((char *)waste, 0, sizeof waste);
  __asm__ volatile("" : : "r"(waste) : "memory");
}

static __attribute__((noinline)) void build(const char *path, void *volatile *on_stack) {
  FILE *file = fopen(path, "r");
  char line[128], kind;
  int blocks = 0, roots = 0, a, b, c, d;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "b %d", &a) == 1) {
      make(blocks++, (size_t)a);
    } else if (sscanf(line, "e %d %d %d %d", &a, &b, &c, &d) == 4) {
      link_blocks(a, b, c, d);
    } else if (sscanf(line, "r %c %d %d", &kind, &a, &b) == 3) {
      hold(kind, roots++, a, b, on_stack);
    }
  }
  if (file != NULL) {
    fclose(file);
  }
}

int main(int argc, char **argv) {
  void *volatile on_stack[MOST] = {0};
  mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  build(argc > 1 ? argv[1] : "", on_stack);
  forget();
  exit(on_stack[0] == (void *)1);
}
