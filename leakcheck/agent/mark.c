/* Which blocks are lost, and which lost block holds which. Runs in the forked checker.
 * Blocks are sorted by counting them into tcmalloc's pages, which also gives the index to
 * find the block an address lies in. */
#define _GNU_SOURCE
#include <fcntl.h>

#include "agent.h"
#include "sys.h"

#define LEAF_PAGES (1u << LC_LEAF_BITS)
#define NONE SIZE_MAX
#define ALWAYS_PRESENT ((uintptr_t)1 << 20) /* smaller ranges are read without asking */

static uint32_t **page_start; /* by leaf: where each page's blocks begin */
static struct lc_marks *m;
static uint32_t *work;
static size_t work_count;
static bool holds_interior;
static uint64_t scanned_bytes;

/* ---- sorting and the index ---- */

static uint32_t *start_slot(uintptr_t address) {
  uintptr_t page = address >> LC_PAGE_SHIFT;
  return &page_start[page >> LC_LEAF_BITS][page & (LEAF_PAGES - 1)];
}

static void count_block(const struct lc_block *block, void *unused) {
  (void)unused;
  *start_slot(block->address) += 1;
}

static void place_block(const struct lc_block *block, void *unused) {
  (void)unused;
  m->blocks[(*start_slot(block->address))++] = *block;
}

static void sort_page(struct lc_block *blocks, size_t count) {
  for (size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
    for (size_t i = gap; i < count; i++) {
      struct lc_block held = blocks[i];
      size_t at = i;
      for (; at >= gap && blocks[at - gap].address > held.address; at -= gap) {
        blocks[at] = blocks[at - gap];
      }
      blocks[at] = held;
    }
  }
}

static bool make_leaves(void) {
  page_start = lc_map(sizeof *page_start << LC_TOP_BITS);
  for (uintptr_t i = 0; page_start != NULL && i < (uintptr_t)1 << LC_TOP_BITS; i++) {
    if (lc_leaf_exists(i)) {
      page_start[i] = lc_map((LEAF_PAGES + 1) * sizeof(uint32_t));
      if (page_start[i] == NULL) {
        return false;
      }
    }
  }
  return page_start != NULL;
}

static void each_leaf(void (*visit)(uint32_t *starts, uint32_t *running), uint32_t *running) {
  for (uintptr_t i = 0; i < (uintptr_t)1 << LC_TOP_BITS; i++) {
    if (page_start[i] != NULL) {
      visit(page_start[i], running);
    }
  }
}

static void counts_to_starts(uint32_t *starts, uint32_t *running) {
  for (uint32_t page = 0; page < LEAF_PAGES; page++) {
    uint32_t count = starts[page];
    starts[page] = *running;
    *running += count;
  }
  starts[LEAF_PAGES] = *running;
}

/* Placing moved each start to its page's end: move them back, and sort within the page. */
static void ends_to_starts(uint32_t *starts, uint32_t *running) {
  uint32_t begin = *running;
  for (uint32_t page = 0; page < LEAF_PAGES; page++) {
    uint32_t end = starts[page];
    starts[page] = begin;
    sort_page(m->blocks + begin, end - begin);
    begin = end;
  }
  *running = begin;
}

static bool sort_blocks(void) {
  uint32_t running = 0;
  if (!make_leaves()) {
    return false;
  }
  lc_table_each(count_block, NULL);
  each_leaf(counts_to_starts, &running);
  m->count = running;
  m->blocks = lc_map((m->count + 1) * sizeof *m->blocks);
  m->state = lc_map(m->count + 1);
  m->owner = lc_map((m->count + 1) * sizeof *m->owner);
  work = lc_map((m->count + 1) * sizeof *work);
  if (m->blocks == NULL || m->state == NULL || m->owner == NULL || work == NULL) {
    return false;
  }
  lc_table_each(place_block, NULL);
  running = 0;
  each_leaf(ends_to_starts, &running);
  return true;
}

#define TAG_BITS 3u

/* The block that `word` points to: its start, or inside it where that counts. A block's address
 * is a multiple of 8, and trees like glibc's tsearch keep a bit in the low end of a pointer. */
static size_t locate(uintptr_t word, bool interior) {
  uintptr_t page = word >> LC_PAGE_SHIFT;
  if (page >> (LC_LEAF_BITS + LC_TOP_BITS) != 0) {
    return NONE;
  }
  const uint32_t *starts = page_start[page >> LC_LEAF_BITS];
  if (starts == NULL) {
    return NONE;
  }
  size_t lo = starts[page & (LEAF_PAGES - 1)], hi = starts[(page & (LEAF_PAGES - 1)) + 1];
  while (lo < hi) {
    size_t middle = lo + (hi - lo) / 2;
    if (m->blocks[middle].address <= word) {
      lo = middle + 1;
    } else {
      hi = middle;
    }
  }
  if (lo == 0) {
    return NONE;
  }
  const struct lc_block *block = &m->blocks[lo - 1];
  bool inside = interior && word - block->address < block->bytes;
  return block->address == (word & ~(uintptr_t)TAG_BITS) || inside ? lo - 1 : NONE;
}

/* ---- marking ---- */

static void reach(size_t index) {
  if (index != NONE && m->state[index] != LC_REACHABLE) {
    m->state[index] = LC_REACHABLE;
    work[work_count++] = (uint32_t)index;
  }
}

static void scan(uintptr_t lo, uintptr_t hi) {
  lo = (lo + 7) & ~(uintptr_t)7;
  for (const uintptr_t *at = (const uintptr_t *)lo; (uintptr_t)(at + 1) <= hi; at++) {
    reach(locate(*at, holds_interior));
  }
}

static void drain(void) {
  while (work_count > 0) {
    const struct lc_block *block = &m->blocks[work[--work_count]];
    scan(block->address, block->address + block->bytes);
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
  reach(locate(word, holds_interior));
  drain();
}

/* A block that is all signal stack is in use, but none of its words counts (roots.c). */
static void hold_signal_stacks(const struct lc_roots *roots) {
  for (size_t i = 0; i < roots->signal_stack_count; i++) {
    struct lc_range stack = roots->signal_stacks[i];
    size_t index = locate(stack.lo, false);
    if (index != NONE && m->blocks[index].bytes == stack.hi - stack.lo) {
      m->state[index] = LC_REACHABLE;
    } else {
      reach_word(stack.lo);
    }
  }
}

static const char *mark_from(const struct lc_roots *roots) {
  const char *why = NULL;
  for (size_t i = 0; i < m->count; i++) {
    if (m->blocks[i].stack == LC_OWNED_BY_AGENT) {
      reach(i);
    }
  }
  drain();
  hold_signal_stacks(roots);
  for (size_t i = 0; i < roots->exact_count; i++) {
    reach(locate(roots->exact[i], false));
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

static void sort_by_sequence(uint32_t *items, uint32_t *spare, size_t count) {
  for (int shift = 0; shift < 32; shift += 8) {
    size_t starts[257] = {0};
    for (size_t i = 0; i < count; i++) {
      starts[(m->blocks[items[i]].sequence >> shift & 255) + 1]++;
    }
    for (int i = 0; i < 256; i++) {
      starts[i + 1] += starts[i];
    }
    for (size_t i = 0; i < count; i++) {
      spare[starts[m->blocks[items[i]].sequence >> shift & 255]++] = items[i];
    }
    uint32_t *swap = items;
    items = spare;
    spare = swap;
  }
}

struct visit { /* a block being walked, and how far */
  uint32_t index;
  uintptr_t at;
};

/* The next lost block that `top` points to and that is not yet `seen`; NONE at its end. */
static size_t next_child(struct visit *top, const uint8_t *seen) {
  const struct lc_block *block = &m->blocks[top->index];
  uintptr_t end = block->address + block->bytes;
  while (top->at + 8 <= end) {
    uintptr_t word = *(const uintptr_t *)top->at;
    top->at += 8;
    size_t child = locate(word, holds_interior);
    if (child != NONE && m->state[child] == LC_LOST && seen[child] == 0) {
      return child;
    }
  }
  return NONE;
}

/* Depth first from `root`, marking `seen`; appends to `finished` in order of finishing, and
 * sets the owner when asked. */
static void walk(uint32_t root, uint8_t *seen, struct visit *path, uint32_t *finished,
                 size_t *finished_count, bool set_owner) {
  size_t depth = 0;
  path[depth++] = (struct visit){root, (m->blocks[root].address + 7) & ~(uintptr_t)7};
  seen[root] = 1;
  while (depth > 0) {
    size_t child = next_child(&path[depth - 1], seen);
    if (child != NONE) {
      seen[child] = 1;
      path[depth++] = (struct visit){(uint32_t)child, m->blocks[child].address};
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
  uint32_t *lost = lc_map((m->count + 1) * sizeof *lost);
  uint32_t *spare = lc_map((m->count + 1) * sizeof *spare);
  struct visit *path = lc_map((m->count + 1) * sizeof *path);
  uint8_t *seen = lc_map(m->count + 1), *owned = lc_map(m->count + 1);
  size_t count = 0, finished = 0;
  if (lost == NULL || spare == NULL || path == NULL || seen == NULL || owned == NULL) {
    return "no memory to tell direct leaks from indirect ones";
  }
  for (size_t i = 0; i < m->count; i++) {
    if (m->state[i] == LC_LOST) {
      lost[count++] = (uint32_t)i;
    }
  }
  sort_by_sequence(lost, spare, count); /* four passes: the result is back in `lost` */
  for (size_t i = 0; i < count; i++) {
    if (seen[lost[i]] == 0) {
      walk(lost[i], seen, path, spare, &finished, false);
    }
  }
  while (finished > 0) {
    uint32_t root = spare[--finished];
    if (owned[root] == 0) {
      walk(root, owned, path, NULL, NULL, true);
    }
  }
  return NULL;
}

const char *lc_mark(struct lc_marks *marks, const struct lc_roots *roots) {
  m = marks;
  holds_interior = lc_config.level != LC_STRICT;
  if (!sort_blocks()) {
    return "no memory to sort the blocks in use";
  }
  const char *why = mark_from(roots);
  if (why != NULL) {
    return why;
  }
  ((struct lc_roots *)(uintptr_t)roots)->bytes = scanned_bytes;
  m->canary = NONE;
  for (size_t i = 0; i < m->count; i++) {
    if (lc_is_canary(&m->blocks[i])) {
      m->canary = i;
    }
  }
  return find_owners();
}
