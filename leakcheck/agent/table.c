/* The blocks in use. Called in the hooks: no malloc.
 * Most blocks are freed soon, by the thread that made them. So a block begins in a cell, one of so
 * many that threads seldom meet in one, and goes on to a shard (shards.c) when a newer block wants
 * the cell. Both are chosen by the address, so any thread finds it. An entry that cannot be stored
 * is counted as lost, and a run with a lost entry gets no verdict. */
#include "agent.h"
#include "sys.h"

#define CELL_BITS 14
#define CELLS (1u << CELL_BITS)

struct cell {
  volatile int lock;
  struct lc_block block;
  uint64_t allocations, frees;
} __attribute__((aligned(64))); /* a line of the processor's cache */

static struct cell cells[CELLS];
static volatile int is_held; /* all cells at once */
static uint64_t unknown_frees, lost, over_limit;
static uint32_t next_sequence;

/* Set while this thread is in a cell: a signal handler that allocates then must not wait for it.
 * What it does is kept here and done on leaving. */
static __thread volatile bool is_inside __attribute__((tls_model("initial-exec")));
struct deferred {
  uintptr_t address;
  size_t bytes;
  uint32_t stack;
  bool is_removal;
};
#define MOST_DEFERRED 16u
static __thread volatile unsigned deferred_count __attribute__((tls_model("initial-exec")));
static __thread struct deferred deferred[MOST_DEFERRED] __attribute__((tls_model("initial-exec")));
static volatile int pending; /* in the queues of all threads */
static __thread uint32_t sequence, sequence_end __attribute__((tls_model("initial-exec")));

static struct cell *cell_of(uintptr_t address) {
  return &cells[(address >> 3) * 0x9e3779b97f4a7c15u >> (64 - CELL_BITS)];
}

static bool is_all_held(void) { return __atomic_load_n(&is_held, __ATOMIC_SEQ_CST) != 0; }

/* Whoever holds all cells says so before it looks at their locks: one of the two sees the other. */
static __attribute__((noinline)) void enter_slowly(struct cell *cell) {
  for (;;) {
    while (is_all_held()) {
      lc_sys0(SYS_sched_yield);
    }
    lc_lock(&cell->lock);
    if (!is_all_held()) {
      return;
    }
    lc_unlock(&cell->lock);
  }
}

static inline void enter(struct cell *cell) {
  if (lc_try_lock(&cell->lock)) {
    if (!is_all_held()) {
      return;
    }
    lc_unlock(&cell->lock);
  }
  enter_slowly(cell);
}

static void count(uint64_t *counter) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

void lc_count_lost(void) { count(&lost); }

static uint32_t take_sequence(void) {
  if (sequence == sequence_end) {
    sequence = __atomic_fetch_add(&next_sequence, 64, __ATOMIC_RELAXED);
    sequence_end = sequence + 64;
  }
  return sequence++;
}

static void keep(const struct lc_block *block) {
  enum lc_kept kept = lc_shards_add(block);
  if (kept != LC_KEPT) {
    count(&lost);
  }
  if (kept == LC_OVER_LIMIT) {
    count(&over_limit);
  }
}

/* A limit that the cells alone might pass is kept by the shards. */
static bool is_limit_low(void) {
  return lc_config.max_blocks != 0 && lc_config.max_blocks < (long)(16 * CELLS);
}

static void add(uintptr_t address, size_t bytes, uint32_t stack) {
  struct cell *cell = cell_of(address);
  enter(cell);
  cell->allocations++;
  if (is_limit_low()) {
    keep(&(struct lc_block){address, bytes, stack, take_sequence()});
  } else {
    if (cell->block.address == address) {
      lc_count_lost(); /* that it was freed we were not told, nor what else */
    } else if (cell->block.address != 0) {
      keep(&cell->block);
    }
    cell->block.address = address;
    cell->block.bytes = bytes;
    cell->block.stack = stack;
    cell->block.sequence = take_sequence();
  }
  lc_account((int64_t)bytes);
  if (stack != LC_NO_STACK && stack != LC_OWNED_BY_AGENT) {
    lc_tally(stack, bytes); /* as exact as the table in a copy of the process */
  }
  lc_unlock(&cell->lock);
}

static bool take_out(uintptr_t address) {
  struct cell *cell = cell_of(address);
  size_t bytes;
  bool is_known = true;
  enter(cell);
  if (cell->block.address == address) {
    bytes = cell->block.bytes;
    cell->block.address = 0;
  } else {
    is_known = lc_shards_remove(address, &bytes);
  }
  if (is_known) {
    cell->frees++;
    lc_account(-(int64_t)bytes);
  } else {
    count(&unknown_frees);
  }
  lc_unlock(&cell->lock);
  return is_known;
}

static void do_one(struct deferred *what) {
  if (what->address == 0) { /* its handler never came to put it down */
    lc_count_lost();
  } else if (what->is_removal) {
    take_out(what->address);
  } else {
    add(what->address, what->bytes, what->stack);
  }
  what->address = 0;
}

/* A signal may add to the queue at any moment, so it is emptied by exchange. */
static __attribute__((noinline)) void do_deferred(void) {
  unsigned done = 0, count;
  do {
    count = deferred_count;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    for (; done < count && done < MOST_DEFERRED; done++) {
      do_one(&deferred[done]);
      __atomic_fetch_sub(&pending, 1, __ATOMIC_SEQ_CST);
    }
  } while (!__atomic_compare_exchange_n(&deferred_count, &count, 0, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
}

/* The place is taken in one step: another signal may interrupt this handler. */
static void defer(const struct deferred *what) {
  unsigned at = __atomic_fetch_add(&deferred_count, 1, __ATOMIC_RELAXED);
  if (at < MOST_DEFERRED) {
    __atomic_fetch_add(&pending, 1, __ATOMIC_SEQ_CST);
    deferred[at] = *what;
  } else {
    lc_count_lost();
  }
}

/* What was put off comes first: the block may be the same one again. */
static inline void begin(void) {
  is_inside = true;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (deferred_count != 0) {
    do_deferred();
  }
}

static inline void leave(void) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  is_inside = false;
}

static inline void end(void) {
  leave();
  while (deferred_count != 0) { /* since we began */
    begin();
    leave();
  }
  if (lc_stop_pending) { /* the stop signal came while a cell was half changed */
    lc_threads_stop_self();
  }
}

bool lc_table_is_busy(void) { return is_inside || deferred_count != 0; }

void lc_table_add(uintptr_t address, size_t bytes, uint32_t stack) {
  lc_note_pages(address, bytes);
  if (is_inside) {
    defer(&(struct deferred){address, bytes, stack, false});
    return;
  }
  begin();
  add(address, bytes, stack);
  end();
}

bool lc_table_remove(uintptr_t address) {
  if (is_inside) {
    defer(&(struct deferred){address, 0, 0, true});
    return true;
  }
  begin();
  bool is_known = take_out(address);
  end();
  return is_known;
}

void lc_counters_sum(struct lc_counters *sum) {
  *sum =
      (struct lc_counters){.unknown_frees = unknown_frees, .lost = lost, .over_limit = over_limit};
  for (unsigned i = 0; i < CELLS; i++) {
    sum->allocations += cells[i].allocations;
    sum->frees += cells[i].frees;
  }
}

uint64_t lc_table_live(void) {
  uint64_t live = lc_shards_used();
  for (unsigned i = 0; i < CELLS; i++) {
    live += __atomic_load_n(&cells[i].block.address, __ATOMIC_RELAXED) != 0;
  }
  return live;
}

const struct lc_block *lc_table_find(uintptr_t address) {
  const struct cell *cell = cell_of(address);
  return cell->block.address == address ? &cell->block : lc_shards_find(address);
}

#define HOLD_US 2000000u

static bool becomes_zero(const volatile int *word, uint64_t until_us) {
  while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != 0) {
    if (lc_now_us() > until_us) {
      return false;
    }
    lc_sys0(SYS_sched_yield);
  }
  return true;
}

static bool becomes_still(uint64_t until_us) {
  for (unsigned i = 0; i < CELLS; i++) {
    if (!becomes_zero(&cells[i].lock, until_us)) {
      return false;
    }
  }
  return becomes_zero(&pending, until_us);
}

/* A thread that did not stop may be changing the table, and a handler that leaves the program may
 * have interrupted its own thread there, or another one may have left it by a jump. */
bool lc_table_hold(void) {
  uint64_t until_us = lc_now_us() + HOLD_US;
  __atomic_store_n(&is_held, 1, __ATOMIC_SEQ_CST);
  if (lc_table_is_busy() || !becomes_still(until_us)) {
    lc_table_release();
    return false;
  }
  return true;
}

void lc_table_release(void) { __atomic_store_n(&is_held, 0, __ATOMIC_RELEASE); }

/* Where a block is in use at an address that another has too, that one was freed unseen. */
void lc_table_drop_older(void) {
  size_t bytes;
  for (unsigned i = 0; i < CELLS; i++) {
    if (cells[i].block.address != 0 && lc_shards_remove(cells[i].block.address, &bytes)) {
      lc_count_lost();
    }
  }
}

void lc_table_each(void (*visit)(const struct lc_block *block, void *context), void *context) {
  for (unsigned i = 0; i < CELLS; i++) {
    if (cells[i].block.address != 0) {
      visit(&cells[i].block, context);
    }
  }
  lc_shards_each(visit, context);
}
