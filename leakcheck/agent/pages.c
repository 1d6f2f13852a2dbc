/* Pages on which a block was ever handed out: only there can anything point to a block, and what
 * lies elsewhere comes cleared from the kernel. Called in the hooks: no malloc. */
#include <string.h>

#include "agent.h"
#include "sys.h"

static uint64_t *top[1u << LC_TOP_BITS]; /* leaves: one bit a page */
static volatile int top_lock;

static __attribute__((noinline)) uint64_t *make_leaf(size_t index) {
  uint64_t signals = lc_lock_quietly(&top_lock);
  uint64_t *leaf = top[index];
  if (leaf == NULL) {
    leaf = lc_map((1u << LC_LEAF_BITS) / 8);
    __atomic_store_n(&top[index], leaf, __ATOMIC_RELEASE);
  }
  lc_unlock_quietly(&top_lock, signals);
  return leaf;
}

static inline uint64_t *leaf_of(size_t index) {
  uint64_t *leaf = __atomic_load_n(&top[index], __ATOMIC_ACQUIRE);
  return leaf != NULL ? leaf : make_leaf(index);
}

static inline bool note(uintptr_t page) {
  uint64_t *leaf = leaf_of((page >> LC_LEAF_BITS) & ((1u << LC_TOP_BITS) - 1));
  if (leaf == NULL) {
    return false;
  }
  uint64_t *word = &leaf[(page & ((1u << LC_LEAF_BITS) - 1)) / 64];
  uint64_t bit = (uint64_t)1 << (page % 64);
  if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bit) == 0) {
    __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
  }
  return true;
}

void lc_note_pages(uintptr_t address, size_t bytes) {
  uintptr_t last = (address + (bytes == 0 ? 0 : bytes - 1)) >> LC_PAGE_SHIFT;
  for (uintptr_t page = address >> LC_PAGE_SHIFT; page <= last; page++) {
    if (!note(page)) {
      lc_count_lost();
      return;
    }
  }
}

bool lc_leaf_exists(uintptr_t index) { return top[index] != NULL; }

bool lc_page_was_handed_out(uintptr_t address) {
  uintptr_t page = address >> LC_PAGE_SHIFT;
  if (page >> (LC_LEAF_BITS + LC_TOP_BITS) != 0) {
    return false;
  }
  const uint64_t *leaf = top[page >> LC_LEAF_BITS];
  return leaf != NULL && (leaf[(page & ((1u << LC_LEAF_BITS) - 1)) / 64] >> (page % 64) & 1) != 0;
}

#define SMALL_BYTES ((size_t)1 << 18) /* tcmalloc's kMaxSize: larger blocks are whole pages */

void lc_clear_fresh(uintptr_t address, size_t bytes) {
  if (bytes <= SMALL_BYTES) {
    memset((void *)address, 0, bytes);
    return;
  }
  uintptr_t end = address + bytes;
  while (address < end) {
    uintptr_t next = ((address >> LC_PAGE_SHIFT) + 1) << LC_PAGE_SHIFT;
    next = next < end ? next : end;
    if (lc_page_was_handed_out(address)) {
      memset((void *)address, 0, next - address);
    }
    address = next;
  }
}
