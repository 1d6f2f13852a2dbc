/* What the agent keeps for each thread: the stacks it met last, and what was allocated there.
 * A record is found by the thread pointer and is never freed: the next thread at the same place
 * (glibc reuses stacks) takes it over, and the checker finds the counts of ended threads. */
#include "agent.h"
#include "sys.h"

#define RECORDS (1u << 16)
#define CHUNK 16u

static struct lc_per_thread *records[RECORDS];
static uint32_t record_count;
static struct lc_per_thread *chunk;
static uint32_t chunk_left;
static volatile int lock;

static __thread struct lc_per_thread *mine __attribute__((tls_model("initial-exec")));

static struct lc_per_thread *take_record(void) {
  if (chunk_left == 0) {
    chunk = lc_map(CHUNK * sizeof *chunk);
    chunk_left = chunk == NULL ? 0 : CHUNK;
  }
  return chunk_left == 0 ? NULL : &chunk[--chunk_left];
}

static struct lc_per_thread *find_locked(uintptr_t thread_pointer) {
  uint32_t at = (uint32_t)(thread_pointer * 0x9e3779b97f4a7c15u >> 48) & (RECORDS - 1);
  while (records[at] != NULL && records[at]->thread_pointer != thread_pointer) {
    at = (at + 1) & (RECORDS - 1);
  }
  if (records[at] == NULL && record_count < RECORDS / 4 * 3) {
    struct lc_per_thread *record = take_record();
    if (record != NULL) {
      record->thread_pointer = thread_pointer;
      records[at] = record;
      record_count++;
    }
  }
  return records[at];
}

struct lc_per_thread *lc_per_thread(void) {
  if (mine == NULL) {
    lc_lock(&lock);
    mine = find_locked(lc_thread_pointer());
    lc_unlock(&lock);
  }
  return mine;
}

/* ---- counting ---- */

static void settle(struct lc_tally *tally) {
  if (tally->objects != 0) {
    struct lc_stack *stack = lc_depot_get(tally->stack);
    __atomic_fetch_add(&stack->allocated_objects, tally->objects, __ATOMIC_RELAXED);
    __atomic_fetch_add(&stack->allocated_bytes, tally->bytes, __ATOMIC_RELAXED);
  }
}

/* Counted here first: threads that allocate at one place would fight for its counters. */
void lc_tally(uint32_t stack, size_t bytes) {
  struct lc_tally one = {.stack = stack};
  struct lc_tally *tally = mine != NULL ? &mine->tallies[stack / 8 % LC_TALLIES] : &one;
  if (tally->stack != stack || tally->objects == UINT32_MAX) {
    settle(tally);
    *tally = one;
  }
  tally->objects++;
  tally->bytes += bytes;
  if (tally == &one) {
    settle(tally);
  }
}

static int64_t bytes_in_use;

void lc_account(int64_t bytes) {
  int64_t much = lc_config.snapshot_step_bytes / LC_CHECKS_A_STEP;
  if (lc_config.snapshot_step_bytes == 0) {
    return;
  }
  int64_t sum = bytes + (mine != NULL ? mine->unsettled_bytes : 0);
  if (mine != NULL && sum < much && sum > -much) {
    mine->unsettled_bytes = sum;
    return;
  }
  __atomic_fetch_add(&bytes_in_use, sum, __ATOMIC_RELAXED);
  if (mine != NULL) {
    mine->unsettled_bytes = 0;
  }
}

uint64_t lc_bytes_in_use(void) {
  int64_t bytes = __atomic_load_n(&bytes_in_use, __ATOMIC_RELAXED);
  return bytes > 0 ? (uint64_t)bytes : 0;
}

void lc_tallies_settle(void) {
  for (uint32_t at = 0; at < RECORDS; at++) {
    for (uint32_t i = 0; records[at] != NULL && i < LC_TALLIES; i++) {
      settle(&records[at]->tallies[i]);
      records[at]->tallies[i] = (struct lc_tally){0};
    }
  }
}
