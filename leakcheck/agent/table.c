/* The blocks in use: address -> size, stack, sequence. Called in the hooks: no malloc.
 * Sharded open addressing with linear probing; removal shifts back, so there are no
 * tombstones and a lookup never slows down with age. An entry that cannot be stored is
 * counted as lost, and a run with a lost entry gets no verdict. */
#include <string.h>

#include "agent.h"
#include "sys.h"

#define SHARD_BITS 9
#define SHARDS (1u << SHARD_BITS) /* so many that threads seldom meet in one */
#define FIRST_SLOTS 128u

struct shard {
  volatile int lock;
  struct lc_block *slots;
  size_t slot_count, used;
  uint64_t bytes;
  struct lc_counters counters;
} __attribute__((aligned(128)));

static struct shard shards[SHARDS];
static uint64_t *top[1u << LC_TOP_BITS]; /* leaves: one bit a page */
static volatile int top_lock;
static uint32_t next_sequence;

/* Set while this thread holds a shard's lock: a signal handler that allocates then must
 * not wait for it. What it does is kept here and done on unlocking. */
__thread volatile bool lc_holds_lock __attribute__((tls_model("initial-exec")));
struct deferred {
  uintptr_t address;
  size_t bytes;
  uint32_t stack;
  bool is_removal;
};
static __thread volatile unsigned deferred_count __attribute__((tls_model("initial-exec")));
static __thread struct deferred deferred[16] __attribute__((tls_model("initial-exec")));
static __thread uint32_t sequence, sequence_end __attribute__((tls_model("initial-exec")));

static uint64_t mix(uintptr_t address) { return (address >> 3) * 0x9e3779b97f4a7c15u; }
static struct shard *shard_of(uintptr_t address) {
  return &shards[mix(address) >> (64 - SHARD_BITS)];
}
/* In order of the hash, at any size: so a shard can grow by a quarter, and block after block. */
static size_t home_of(const struct shard *shard, uintptr_t address) {
  return (size_t)((mix(address) >> 26 & UINT32_MAX) * shard->slot_count >> 32);
}
static size_t next_of(const struct shard *shard, size_t at) {
  return at + 1 == shard->slot_count ? 0 : at + 1;
}
static size_t distance(const struct shard *shard, size_t from, size_t to) {
  return to >= from ? to - from : to + shard->slot_count - from;
}

static uint64_t *leaf_of(size_t index) {
  uint64_t *leaf = __atomic_load_n(&top[index], __ATOMIC_ACQUIRE);
  if (leaf != NULL) {
    return leaf;
  }
  uint64_t signals = lc_lock_quietly(&top_lock);
  leaf = top[index];
  if (leaf == NULL) {
    leaf = lc_map((1u << LC_LEAF_BITS) / 8);
    __atomic_store_n(&top[index], leaf, __ATOMIC_RELEASE);
  }
  lc_unlock_quietly(&top_lock, signals);
  return leaf;
}

static void note_pages(uintptr_t address, size_t bytes) {
  uintptr_t last = (address + (bytes == 0 ? 0 : bytes - 1)) >> LC_PAGE_SHIFT;
  for (uintptr_t page = address >> LC_PAGE_SHIFT; page <= last; page++) {
    uint64_t *leaf = leaf_of((page >> LC_LEAF_BITS) & ((1u << LC_TOP_BITS) - 1));
    if (leaf == NULL) {
      lc_count_lost();
      return;
    }
    uint64_t *word = &leaf[(page & ((1u << LC_LEAF_BITS) - 1)) / 64];
    uint64_t bit = (uint64_t)1 << (page % 64);
    if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bit) == 0) {
      __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
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

static void place(struct shard *shard, const struct lc_block *block) {
  size_t at = home_of(shard, block->address);
  while (shard->slots[at].address != 0 && shard->slots[at].address != block->address) {
    at = next_of(shard, at);
  }
  if (shard->slots[at].address == 0) {
    shard->used++;
  } else {
    shard->bytes -= shard->slots[at].bytes;
  }
  shard->bytes += block->bytes;
  shard->slots[at] = *block;
}

static bool grow(struct shard *shard) {
  size_t old_count = shard->slot_count;
  struct lc_block *old = shard->slots;
  size_t count = old_count == 0 ? FIRST_SLOTS : old_count + old_count / 4;
  struct lc_block *slots = lc_map(count * sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  shard->slots = slots;
  shard->slot_count = count;
  shard->used = 0;
  shard->bytes = 0;
  for (size_t i = 0; i < old_count; i++) {
    if (old[i].address != 0) {
      place(shard, &old[i]);
    }
  }
  if (old != NULL) {
    lc_unmap(old, old_count * sizeof *old);
  }
  return true;
}

/* At most 4/5 full: between 30 and 38 bytes a live block. */
static bool has_room(struct shard *shard) {
  return (shard->used + 1) * 5 <= shard->slot_count * 4 || grow(shard);
}

/* All shards are counted only when this one has its share. */
static bool is_at_limit(const struct shard *shard) {
  uint64_t limit = (uint64_t)lc_config.max_blocks;
  return limit != 0 && shard->used >= limit / SHARDS && lc_table_live() >= limit;
}

static void add_locked(struct shard *shard, const struct lc_block *block) {
  shard->counters.allocations++;
  if (is_at_limit(shard)) {
    shard->counters.lost++;
    shard->counters.over_limit++;
  } else if (has_room(shard)) {
    place(shard, block);
  } else {
    shard->counters.lost++;
  }
}

static void close_gap(struct shard *shard, size_t gap) {
  for (size_t at = next_of(shard, gap); shard->slots[at].address != 0; at = next_of(shard, at)) {
    size_t home = home_of(shard, shard->slots[at].address);
    if (distance(shard, home, at) >= distance(shard, gap, at)) {
      shard->slots[gap] = shard->slots[at];
      gap = at;
    }
  }
  shard->slots[gap].address = 0;
}

static bool remove_locked(struct shard *shard, uintptr_t address) {
  if (shard->slot_count != 0) {
    size_t at = home_of(shard, address);
    while (shard->slots[at].address != 0) {
      if (shard->slots[at].address == address) {
        shard->bytes -= shard->slots[at].bytes;
        close_gap(shard, at);
        shard->used--;
        shard->counters.frees++;
        return true;
      }
      at = next_of(shard, at);
    }
  }
  shard->counters.unknown_frees++;
  return false;
}

static uint32_t take_sequence(void) {
  if (sequence == sequence_end) {
    sequence = __atomic_fetch_add(&next_sequence, 64, __ATOMIC_RELAXED);
    sequence_end = sequence + 64;
  }
  return sequence++;
}

static bool apply(const struct deferred *what) {
  struct shard *shard = shard_of(what->address);
  bool known = true;
  lc_lock(&shard->lock);
  if (what->is_removal) {
    known = remove_locked(shard, what->address);
  } else {
    struct lc_block block = {what->address, what->bytes, what->stack, take_sequence()};
    add_locked(shard, &block);
  }
  if (!what->is_removal && what->stack != LC_NO_STACK && what->stack != LC_OWNED_BY_AGENT) {
    lc_tally(what->stack, what->bytes); /* as exact as the table in a copy of the process */
  }
  lc_unlock(&shard->lock);
  return known;
}

/* A signal may add to the queue at any moment, so it is emptied by exchange. */
static void do_deferred(void) {
  unsigned done = 0;
  do {
    for (; done < deferred_count; done++) {
      apply(&deferred[done]);
    }
  } while (!__atomic_compare_exchange_n(&deferred_count, &done, 0, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
}

static bool defer(const struct deferred *what) {
  if (deferred_count < sizeof deferred / sizeof deferred[0]) {
    deferred[deferred_count++] = *what;
  } else {
    lc_count_lost();
  }
  return true;
}

/* What was put off comes first: the block may be the same one again. */
static bool do_or_defer(const struct deferred *what) {
  if (lc_holds_lock) {
    return defer(what);
  }
  bool known = true, is_done = false;
  do {
    lc_holds_lock = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (deferred_count != 0) {
      do_deferred();
    }
    if (!is_done) {
      known = apply(what);
      is_done = true;
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    lc_holds_lock = false;
  } while (deferred_count != 0);
  if (lc_stop_pending) { /* the stop signal came while a shard was half changed */
    lc_threads_stop_self();
  }
  return known;
}

void lc_table_add(uintptr_t address, size_t bytes, uint32_t stack) {
  struct deferred what = {address, bytes, stack, false};
  note_pages(address, bytes);
  do_or_defer(&what);
}

bool lc_table_remove(uintptr_t address) {
  struct deferred what = {address, 0, 0, true};
  return do_or_defer(&what);
}

void lc_count_lost(void) { __atomic_fetch_add(&shards[0].counters.lost, 1, __ATOMIC_RELAXED); }

void lc_counters_sum(struct lc_counters *sum) {
  *sum = (struct lc_counters){0};
  for (unsigned i = 0; i < SHARDS; i++) {
    sum->allocations += shards[i].counters.allocations;
    sum->frees += shards[i].counters.frees;
    sum->unknown_frees += shards[i].counters.unknown_frees;
    sum->lost += shards[i].counters.lost;
    sum->over_limit += shards[i].counters.over_limit;
  }
}

uint64_t lc_table_live(void) {
  uint64_t live = 0;
  for (unsigned i = 0; i < SHARDS; i++) {
    live += __atomic_load_n(&shards[i].used, __ATOMIC_RELAXED);
  }
  return live;
}

uint64_t lc_table_bytes(void) {
  uint64_t bytes = 0;
  for (unsigned i = 0; i < SHARDS; i++) {
    bytes += __atomic_load_n(&shards[i].bytes, __ATOMIC_RELAXED);
  }
  return bytes;
}

#define HOLD_US 2000000u

static bool try_lock(volatile int *lock, uint64_t until_us) {
  while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0) {
    if (lc_now_us() > until_us) {
      return false;
    }
    lc_sys0(SYS_sched_yield);
  }
  return true;
}

/* A thread that did not stop may be changing the table, and a handler that leaves the program may
 * have interrupted its own thread there. */
bool lc_table_hold(void) {
  uint64_t until_us = lc_now_us() + HOLD_US;
  for (unsigned i = 0; i < SHARDS; i++) {
    if (lc_holds_lock || !try_lock(&shards[i].lock, until_us)) {
      while (i > 0) {
        lc_unlock(&shards[--i].lock);
      }
      return false;
    }
  }
  return true;
}

void lc_table_release(void) {
  for (unsigned i = 0; i < SHARDS; i++) {
    lc_unlock(&shards[i].lock);
  }
}

void lc_table_each(void (*visit)(const struct lc_block *block, void *context), void *context) {
  for (unsigned i = 0; i < SHARDS; i++) {
    for (size_t at = 0; at < shards[i].slot_count; at++) {
      if (shards[i].slots[at].address != 0) {
        visit(&shards[i].slots[at], context);
      }
    }
  }
}
