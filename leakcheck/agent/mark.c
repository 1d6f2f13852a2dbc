/* Which blocks are lost, and which lost block holds which. Runs in the forked checker. */
#define _GNU_SOURCE
#include <fcntl.h>

#include "agent.h"
#include "sys.h"

#define ALWAYS_PRESENT ((uintptr_t)1 << 20) /* smaller ranges are read without asking */

static struct lc_marks *m;
static uint32_t *work;
static size_t work_count;
static bool holds_interior;
static uint64_t scanned_bytes;

/* ---- marking ---- */

static void reach(size_t index) {
  if (index != LC_NO_BLOCK && m->state[index] != LC_REACHABLE) {
    m->state[index] = LC_REACHABLE;
    work[work_count++] = (uint32_t)index;
  }
}

static void scan(uintptr_t lo, uintptr_t hi) {
  lo = (lo + 7) & ~(uintptr_t)7;
  for (const uintptr_t *at = (const uintptr_t *)lo; (uintptr_t)(at + 1) <= hi; at++) {
    reach(lc_blocks_locate(*at, holds_interior));
  }
}

static void drain(void) {
  while (work_count > 0) {
    struct lc_range words = lc_block_words(work[--work_count]);
    scan(words.lo, words.hi);
  }
}

static void scan_root(struct lc_range part, void *unused) {
  (void)unused;
  scanned_bytes += part.hi - part.lo;
  scan(part.lo, part.hi);
  drain();
}

#define ENTRIES 4096
/* Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bit 62 swapped. */
void lc_each_present(struct lc_range range, void (*visit)(struct lc_range part, void *context),
                     void *context) {
  static uint64_t entries[ENTRIES];
  long fd = -1;
  if (range.hi - range.lo > ALWAYS_PRESENT) {
    fd = lc_sys4(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
  }
  if (fd < 0) {
    visit(range, context);
    return;
  }
  uintptr_t page = range.lo / LC_PAGE, end = (range.hi + LC_PAGE - 1) / LC_PAGE;
  while (page < end) {
    size_t wanted = end - page < ENTRIES ? end - page : ENTRIES;
    long got = lc_sys4(SYS_pread64, fd, entries, wanted * 8, page * 8);
    if (got <= 0) {
      struct lc_range rest = {page * LC_PAGE > range.lo ? page * LC_PAGE : range.lo, range.hi};
      visit(rest, context);
      break;
    }
    for (long i = 0; i < got / 8; i++, page++) {
      struct lc_range part = {page * LC_PAGE, (page + 1) * LC_PAGE};
      part.lo = part.lo > range.lo ? part.lo : range.lo;
      part.hi = part.hi < range.hi ? part.hi : range.hi;
      if (entries[i] >> 62 != 0) {
        visit(part, context);
      }
    }
  }
  lc_sys1(SYS_close, fd);
}

static void reach_word(uintptr_t word) {
  reach(lc_blocks_locate(word, holds_interior));
  drain();
}

/* A block that is all signal stack is in use, but none of its words counts (roots.c). */
static void hold_signal_stacks(const struct lc_roots *roots) {
  for (size_t i = 0; i < roots->signal_stack_count; i++) {
    struct lc_range stack = roots->signal_stacks[i];
    size_t index = lc_blocks_locate(stack.lo, false);
    if (index != LC_NO_BLOCK && lc_block_at(index)->bytes == stack.hi - stack.lo) {
      m->state[index] = LC_REACHABLE;
    } else {
      reach_word(stack.lo);
    }
  }
}

static void reach_own(void) {
  for (size_t i = 0; i < m->count; i++) {
    if (!lc_block_is_own(i)) {
      continue;
    }
    if (lc_is_canary(lc_block_at(i))) {
      m->canary = i;
    } else {
      reach(i);
    }
  }
  drain();
}

static const char *mark_from(const struct lc_roots *roots) {
  const char *why = NULL;
  reach_own();
  hold_signal_stacks(roots);
  for (size_t i = 0; i < roots->exact_count; i++) {
    reach(lc_blocks_locate(roots->exact[i], false));
  }
  drain();
  for (size_t i = 0; i < roots->count; i++) {
    lc_each_present(roots->ranges[i], scan_root, NULL);
  }
  if (roots->go_exact && lc_config.level != LC_DRACONIAN) {
    why = lc_go_dump_each_word(lc_config.level == LC_NORMAL, reach_word);
  }
  return why;
}

/* ---- direct and indirect ---- */

/* The lost blocks in order of allocation: sequence and index of each. */
struct order {
  uint64_t *keys, *spare;
  size_t count;
};

static uint32_t index_of(uint64_t key) { return (uint32_t)key; }

static void gather_lost(struct order *lost) {
  for (size_t i = 0; i < m->count; i++) {
    if (m->state[i] == LC_LOST) {
      lost->keys[lost->count++] = (uint64_t)lc_block_at(i)->sequence << 32 | i;
    }
  }
}

/* By the four bytes of the sequence, the lowest first: after four passes `keys` has them again. */
static void sort_by_sequence(struct order *lost) {
  for (int shift = 32; shift < 64; shift += 8) {
    size_t starts[257] = {0};
    for (size_t i = 0; i < lost->count; i++) {
      starts[(lost->keys[i] >> shift & 255) + 1]++;
    }
    for (int i = 0; i < 256; i++) {
      starts[i + 1] += starts[i];
    }
    for (size_t i = 0; i < lost->count; i++) {
      lost->spare[starts[lost->keys[i] >> shift & 255]++] = lost->keys[i];
    }
    uint64_t *swap = lost->keys;
    lost->keys = lost->spare;
    lost->spare = swap;
  }
}

struct visit { /* a block being walked, and how far */
  uint32_t index;
  uintptr_t at;
};

/* The next lost block that `top` points to and that is not yet `seen`; LC_NO_BLOCK at its end. */
static size_t next_child(struct visit *top, const uint8_t *seen) {
  uintptr_t end = lc_block_words(top->index).hi;
  while (top->at < end) {
    uintptr_t word = *(const uintptr_t *)top->at;
    top->at += 8;
    size_t child = lc_blocks_locate(word, holds_interior);
    if (child != LC_NO_BLOCK && m->state[child] == LC_LOST && seen[child] == 0) {
      return child;
    }
  }
  return LC_NO_BLOCK;
}

/* Depth first from `root`, marking `seen`; appends to `finished` in order of finishing, and
 * sets the owner when asked. */
static void walk(uint32_t root, uint8_t *seen, struct visit *path, uint32_t *finished,
                 size_t *finished_count, bool set_owner) {
  size_t depth = 0;
  path[depth++] = (struct visit){root, lc_block_words(root).lo};
  seen[root] = 1;
  while (depth > 0) {
    size_t child = next_child(&path[depth - 1], seen);
    if (child != LC_NO_BLOCK) {
      seen[child] = 1;
      path[depth++] = (struct visit){(uint32_t)child, lc_block_words(child).lo};
      continue;
    }
    uint32_t done = path[--depth].index;
    if (set_owner) {
      m->owner[done] = root;
    } else {
      finished[(*finished_count)++] = done;
    }
  }
}

/* In reverse order of finishing, each block not yet owned is the first of a group that no
 * other lost block points to (Kosaraju): a direct leak, even when it is part of a cycle.
 * Roots are taken in order of allocation, so the first allocated of a cycle stands for it. */
static const char *find_owners(void) {
  struct order lost = {.keys = lc_map((m->count + 1) * sizeof *lost.keys),
                       .spare = lc_map((m->count + 1) * sizeof *lost.spare)};
  struct visit *path = lc_map((m->count + 1) * sizeof *path);
  uint8_t *seen = lc_map(m->count + 1), *owned = lc_map(m->count + 1);
  if (lost.keys == NULL || lost.spare == NULL || path == NULL || seen == NULL || owned == NULL) {
    return "no memory to tell direct leaks from indirect ones";
  }
  gather_lost(&lost);
  sort_by_sequence(&lost);
  uint32_t *finished = (uint32_t *)lost.spare;
  size_t finished_count = 0;
  for (size_t i = 0; i < lost.count; i++) {
    if (seen[index_of(lost.keys[i])] == 0) {
      walk(index_of(lost.keys[i]), seen, path, finished, &finished_count, false);
    }
  }
  while (finished_count > 0) {
    uint32_t root = finished[--finished_count];
    if (owned[root] == 0) {
      walk(root, owned, path, NULL, NULL, true);
    }
  }
  return NULL;
}

static bool prepare(void) {
  if (!lc_blocks_sort()) {
    return false;
  }
  m->count = lc_blocks_count();
  m->canary = LC_NO_BLOCK;
  m->state = lc_map(m->count + 1);
  m->owner = lc_map((m->count + 1) * sizeof *m->owner);
  work = lc_map((m->count + 1) * sizeof *work);
  return m->state != NULL && m->owner != NULL && work != NULL;
}

const char *lc_mark(struct lc_marks *marks, const struct lc_roots *roots) {
  m = marks;
  holds_interior = lc_config.level != LC_STRICT;
  if (!prepare()) {
    return "no memory to sort the blocks in use";
  }
  const char *why = mark_from(roots);
  if (why != NULL) {
    return why;
  }
  ((struct lc_roots *)(uintptr_t)roots)->bytes = scanned_bytes;
  return find_owners();
}
