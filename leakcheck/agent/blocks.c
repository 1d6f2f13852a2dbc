/* The blocks in use by their addresses. Runs in the forked checker, where the table stands still.
 * They are counted into tcmalloc's pages and sorted within each: where a page's blocks begin is
 * also the index to find the one an address lies in. All that marking asks of a block is in one
 * word, its entry: a copy of what the table knows would be the largest part of the checker's
 * memory, and to look there would wait for memory at each block. */
#include "agent.h"
#include "sys.h"

#define LEAF_PAGES (1u << LC_LEAF_BITS)

/* An entry, from its top: the address without its three low bits, which are 0; the number of whole
 * words, or MANY; whether the block is the agent's own. Entries are in order of addresses. */
#define OWN_BIT ((uint64_t)1)
#define WORD_BITS 18
#define MANY (((uint64_t)1 << WORD_BITS) - 1)
#define START_SHIFT (1 + WORD_BITS)
_Static_assert(LC_ADDRESS_BITS - 3 + START_SHIFT <= 64, "an address fits");

static uint32_t **page_start; /* by leaf: where each page's entries begin */
static uint64_t *entries;
static size_t entry_count;

static uint32_t *start_slot(uintptr_t address) {
  uintptr_t page = address >> LC_PAGE_SHIFT;
  return &page_start[page >> LC_LEAF_BITS][page & (LEAF_PAGES - 1)];
}

static uintptr_t start_of(uint64_t entry) { return (uintptr_t)(entry >> START_SHIFT) << 3; }

static uint64_t entry_of(const struct lc_block *block) {
  uint64_t words = block->bytes / 8 < MANY ? block->bytes / 8 : MANY;
  bool is_own = block->stack == LC_OWNED_BY_AGENT || lc_is_canary(block);
  return (uint64_t)block->address >> 3 << START_SHIFT | words << 1 | (is_own ? OWN_BIT : 0);
}

static void count_block(const struct lc_block *block, void *unused) {
  (void)unused;
  *start_slot(block->address) += 1;
}

static void enter_block(const struct lc_block *block, void *unused) {
  (void)unused;
  entries[(*start_slot(block->address))++] = entry_of(block);
}

static void sort_page(uint64_t *page, size_t count) {
  for (size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
    for (size_t i = gap; i < count; i++) {
      uint64_t held = page[i];
      size_t at = i;
      for (; at >= gap && page[at - gap] > held; at -= gap) {
        page[at] = page[at - gap];
      }
      page[at] = held;
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

/* Entering moved each start to its page's end: move them back, and sort within the page. */
static void ends_to_starts(uint32_t *starts, uint32_t *running) {
  uint32_t begin = *running;
  for (uint32_t page = 0; page < LEAF_PAGES; page++) {
    uint32_t end = starts[page];
    starts[page] = begin;
    sort_page(entries + begin, end - begin);
    begin = end;
  }
  *running = begin;
}

bool lc_blocks_sort(void) {
  uint32_t running = 0;
  if (!make_leaves()) {
    return false;
  }
  lc_table_drop_older();
  lc_table_each(count_block, NULL);
  each_leaf(counts_to_starts, &running);
  entry_count = running;
  entries = lc_map((entry_count + 1) * sizeof *entries);
  if (entries == NULL) {
    return false;
  }
  lc_table_each(enter_block, NULL);
  running = 0;
  each_leaf(ends_to_starts, &running);
  return true;
}

size_t lc_blocks_count(void) { return entry_count; }

const struct lc_block *lc_block_at(size_t index) { return lc_table_find(start_of(entries[index])); }

bool lc_block_is_own(size_t index) { return (entries[index] & OWN_BIT) != 0; }

struct lc_range lc_block_words(size_t index) {
  uintptr_t start = start_of(entries[index]), words = entries[index] >> 1 & MANY;
  if (words == MANY) {
    words = lc_block_at(index)->bytes / 8;
  }
  return (struct lc_range){start, start + words * 8};
}

static bool is_inside(uintptr_t address, size_t index) {
  struct lc_range words = lc_block_words(index);
  if (address < words.hi || address >= words.hi + 8) {
    return address < words.hi;
  }
  return address - words.lo < lc_block_at(index)->bytes; /* in a last word that is not whole */
}

#define TAG_BITS ((uintptr_t)3)

/* A block's address is a multiple of 8, and trees like glibc's tsearch keep a bit in the low end of
 * a pointer. */
size_t lc_blocks_locate(uintptr_t word, bool interior) {
  uintptr_t page = word >> LC_PAGE_SHIFT;
  if (page >> (LC_LEAF_BITS + LC_TOP_BITS) != 0) {
    return LC_NO_BLOCK;
  }
  const uint32_t *starts = page_start[page >> LC_LEAF_BITS];
  if (starts == NULL) {
    return LC_NO_BLOCK;
  }
  size_t lo = starts[page & (LEAF_PAGES - 1)], hi = starts[(page & (LEAF_PAGES - 1)) + 1];
  while (lo < hi) {
    size_t middle = lo + (hi - lo) / 2;
    if (start_of(entries[middle]) <= word) {
      lo = middle + 1;
    } else {
      hi = middle;
    }
  }
  if (lo == 0) {
    return LC_NO_BLOCK;
  }
  bool is_start = start_of(entries[lo - 1]) == (word & ~TAG_BITS);
  return is_start || (interior && is_inside(word, lo - 1)) ? lo - 1 : LC_NO_BLOCK;
}
