/* What a copy of the process finds that was made while the table was held and threads waited. */
#define _GNU_SOURCE
#include "harness.h"
#include "table.c"

#include <pthread.h>

#define BASE ((uintptr_t)0x10000000)
#define LOOKS 2000

static volatile int is_added;

static void *add_one(void *unused) {
  (void)unused;
  lc_table_add(BASE, 8, 1);
  __atomic_store_n(&is_added, 1, __ATOMIC_RELEASE);
  return NULL;
}

/* Else the copy would have its lock, and nobody to give it back. */
static void test_a_thread_that_waits_for_the_table_holds_no_lock(void) {
  pthread_t thread;
  EXPECT(lc_table_hold());
  EXPECT(pthread_create(&thread, NULL, add_one, NULL) == 0);
  for (int i = 0; i < LOOKS; i++) {
    EXPECT(__atomic_load_n(&cell_of(BASE)->lock, __ATOMIC_SEQ_CST) == 0);
    lc_sys0(SYS_sched_yield);
  }
  EXPECT(__atomic_load_n(&is_added, __ATOMIC_ACQUIRE) == 0);
  lc_table_release();
  EXPECT(pthread_join(thread, NULL) == 0);
  EXPECT(lc_table_remove(BASE));
}

static void test_a_copy_can_allocate_whatever_the_threads_were_at(void) {
  EXPECT(lc_table_hold());
  lc_lock(&cell_of(BASE)->lock);
  lc_table_alone();
  lc_table_add(BASE, 8, 1); /* or it would wait for ever */
  EXPECT(lc_table_remove(BASE));
}

static void count_block(const struct lc_block *block, void *context) {
  EXPECT(block->address != BASE || block->bytes == 24);
  ++*(size_t *)context;
}

static uintptr_t in_the_same_cell_as_base(void) {
  uintptr_t address = BASE + 8;
  while (cell_of(address) != cell_of(BASE)) {
    address += 8;
  }
  return address;
}

/* Nothing tells when it was freed, nor what else we were not told of: the run has no verdict. */
static void test_of_two_blocks_at_one_address_the_newer_counts_and_one_is_called_lost(void) {
  struct lc_counters sum;
  size_t visited = 0;
  lc_table_add(BASE, 16, 1);
  lc_table_add(in_the_same_cell_as_base(), 8, 1);
  lc_table_add(BASE, 24, 1);
  lc_counters_sum(&sum);
  EXPECT(sum.lost == 0);
  lc_table_drop_older();
  lc_table_each(count_block, &visited);
  lc_counters_sum(&sum);
  EXPECT(visited == 2 && sum.lost == 1 && lc_table_live() == 2);
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  test_a_thread_that_waits_for_the_table_holds_no_lock();
  test_a_copy_can_allocate_whatever_the_threads_were_at();
  test_of_two_blocks_at_one_address_the_newer_counts_and_one_is_called_lost();
  return 0;
}
