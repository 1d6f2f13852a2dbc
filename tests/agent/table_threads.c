/* The table and the depot, used by several threads at once. */
#define _GNU_SOURCE
#include "harness.h"

#include <pthread.h>

#define THREADS 8
#define STEPS 20000
#define KEPT 100
#define HOLDS 100

static void *work(void *argument) {
  uintptr_t own = 0x20000000 + (uintptr_t)argument * 0x1000000;
  uint64_t state = seed * 77 + (uintptr_t)argument + 1;
  for (int step = 0; step < STEPS; step++) {
    uintptr_t frames[4] = {below(&state, 50), below(&state, 4), 3, 4};
    uint32_t stack = lc_depot_put(frames, 4, 0);
    uintptr_t address = own + below(&state, 2000) * 64;
    EXPECT(stack != LC_NO_STACK && lc_depot_get(stack)->frames[0] == frames[0]);
    EXPECT(lc_depot_ends(stack, 1, frames + 1, 3, 0) && !lc_depot_ends(stack, 1, frames, 3, 0));
    EXPECT(!lc_depot_ends(stack, 1, frames + 1, 2, 0) &&
           !lc_depot_ends(stack, 1, frames + 1, 3, 1));
    lc_table_add(address, 64, stack);
    EXPECT(lc_table_remove(address));
  }
  for (uintptr_t i = 0; i < KEPT; i++) {
    lc_table_add(own + i * 64, 64, 1);
  }
  return NULL;
}

/* Nothing changes while the table is held, whatever the threads are at. */
static void hold_it(void) {
  struct lc_counters sum;
  EXPECT(lc_table_hold());
  uint64_t live = lc_table_live();
  lc_counters_sum(&sum);
  EXPECT(sum.allocations - sum.frees == live && sum.lost == 0);
  EXPECT(lc_table_live() == live);
  lc_table_release();
}

static void count_stack(uint32_t id, struct lc_stack *stack, void *context) {
  EXPECT(id != 0 && stack->count == 4);
  ++*(size_t *)context;
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  size_t stacks = 0;
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  for (uintptr_t i = 0; i < THREADS; i++) {
    EXPECT(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
  }
  for (int i = 0; i < HOLDS; i++) {
    hold_it();
  }
  for (int i = 0; i < THREADS; i++) {
    EXPECT(pthread_join(threads[i], NULL) == 0);
  }
  EXPECT(lc_table_live() == THREADS * KEPT);
  lc_depot_each(count_stack, &stacks);
  EXPECT(stacks == lc_depot_count() && stacks <= 200);
  return 0;
}
