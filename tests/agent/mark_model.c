/* Marking a random graph of blocks, against a closure computed the slow and plain way. */
#define _GNU_SOURCE
#include "harness.h"

#include <string.h>
#include <sys/mman.h>

#define MOST 300u
#define ROOTS 8u
#define ARENA ((size_t)1 << 20)

struct node {
  uintptr_t address;
  size_t bytes;
};
static struct node nodes[MOST];
static size_t count;
static uintptr_t roots_memory[ROOTS];
static uint8_t edges[MOST][MOST], alive[MOST];

/* Plain: the node that a word keeps alive, or -1. */
static int target(uintptr_t word, bool interior) {
  for (size_t i = 0; i < count; i++) {
    bool starts = (word & ~(uintptr_t)3) == nodes[i].address;
    if (starts ||
        (interior && word >= nodes[i].address && word - nodes[i].address < nodes[i].bytes)) {
      return (int)i;
    }
  }
  return -1;
}

static void make_blocks(char *arena, uint64_t *state) {
  size_t at = 0;
  count = 0;
  size_t wanted = 1 + below(state, MOST);
  while (count < wanted) {
    size_t bytes = below(state, 20) == 0 ? 20000 : 8 * (1 + below(state, 30)) + below(state, 8);
    at += 8 * below(state, 4);
    if (at + bytes > ARENA) {
      break;
    }
    nodes[count++] = (struct node){(uintptr_t)arena + at, bytes};
    at += (bytes + 15) & ~(size_t)15;
  }
}

static uintptr_t any_pointer(uint64_t *state) {
  const struct node *to = &nodes[below(state, count)];
  switch (below(state, 4)) {
  case 0:
    return to->address + below(state, to->bytes + 8);
  case 1:
    return to->address + below(state, 4);
  case 2:
    return below(state, 3) == 0 ? below(state, 1000) : random_word(state);
  default:
    return to->address;
  }
}

static void fill(uint64_t *state, bool interior) {
  memset(edges, 0, sizeof edges);
  for (size_t i = 0; i < count; i++) {
    for (uint64_t n = below(state, 4); n > 0; n--) {
      uintptr_t *word = (uintptr_t *)nodes[i].address + below(state, nodes[i].bytes / 8);
      *word = any_pointer(state);
    }
    for (size_t at = 0; at < nodes[i].bytes / 8; at++) {
      int to = target(((uintptr_t *)nodes[i].address)[at], interior);
      if (to >= 0) {
        edges[i][to] = 1;
      }
    }
  }
}

static void reach_from(size_t from) {
  if (!alive[from]) {
    alive[from] = 1;
    for (size_t to = 0; to < count; to++) {
      if (edges[from][to]) {
        reach_from(to);
      }
    }
  }
}

static void expect_owners(const struct lc_marks *marks) {
  static uint8_t held[MOST];
  for (size_t i = 0; i < count; i++) {
    if (marks->state[i] != LC_LOST) {
      continue;
    }
    EXPECT(marks->state[marks->owner[i]] == LC_LOST);
    EXPECT(marks->owner[marks->owner[i]] == marks->owner[i]);
    memcpy(held, alive, sizeof held); /* everything else counts as visited */
    memset(alive, 0, sizeof alive);
    reach_from(marks->owner[i]);
    EXPECT(alive[i]); /* a direct leak reaches what it owns */
    memcpy(alive, held, sizeof held);
  }
}

static void one_graph(char *arena, uint64_t *state) {
  lc_config.level = below(state, 2) == 0 ? LC_NORMAL : LC_STRICT;
  bool interior = lc_config.level == LC_NORMAL;
  memset(arena, 0, ARENA);
  make_blocks(arena, state);
  fill(state, interior);
  memset(alive, 0, sizeof alive);
  for (size_t i = 0; i < ROOTS; i++) {
    roots_memory[i] = below(state, 3) == 0 ? any_pointer(state) : 0;
    int to = target(roots_memory[i], interior);
    if (to >= 0) {
      reach_from((size_t)to);
    }
  }
  for (size_t i = 0; i < count; i++) {
    lc_table_add(nodes[i].address, nodes[i].bytes, 1);
  }
  struct lc_range range = {(uintptr_t)roots_memory, (uintptr_t)(roots_memory + ROOTS)};
  struct lc_roots roots = {.ranges = &range, .count = 1};
  static struct lc_marks marks;
  EXPECT(lc_mark(&marks, &roots) == NULL);
  EXPECT(marks.count == count);
  for (size_t i = 0; i < count; i++) { /* both are sorted by address */
    EXPECT(lc_block_at(i)->address == nodes[i].address);
    EXPECT((marks.state[i] == LC_REACHABLE) == (alive[i] == 1));
  }
  expect_owners(&marks);
}

/* One graph a process, as in the real checker: the marks are never given back. */
int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t state = seed * 2654435761u + 1;
  char *arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(arena != MAP_FAILED);
  one_graph(arena, &state);
  return 0;
}
