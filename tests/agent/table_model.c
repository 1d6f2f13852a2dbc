/* The table of live blocks against an array: random additions, removals, and signals amid them. */
#define _GNU_SOURCE
#include "harness.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>

#define SLOTS 20000u
#define STEPS 200000

static struct lc_block model[SLOTS];
static uintptr_t base = 0x10000000;
static size_t visited;

/* Scattered: addresses at equal distances never collide in the table. */
static uintptr_t address_of(size_t slot) {
  uint64_t state = slot * 2654435761u + 1;
  random_word(&state);
  return base + (slot << 12) + (random_word(&state) >> 40 & 0xff8);
}

static void check_block(const struct lc_block *block, void *unused) {
  size_t slot = (block->address - base) >> 12;
  (void)unused;
  EXPECT(slot < SLOTS && address_of(slot) == block->address);
  EXPECT(model[slot].address == block->address);
  EXPECT(model[slot].bytes == block->bytes && model[slot].stack == block->stack);
  visited++;
}

static void check_all(size_t live) {
  visited = 0;
  lc_table_each(check_block, NULL);
  EXPECT(visited == live);
  EXPECT(lc_table_live() == live);
}

/* Blocks that only the handler adds and removes. */
static volatile uintptr_t in_handler = 0x7000000000;
static void on_alarm(int number) {
  (void)number;
  lc_table_add(in_handler, 8, 1);
  lc_table_remove(in_handler);
}

int main(int argc, char **argv) {
  size_t live = 0, added = 0, removed = 0, unknown = 0;
  struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t state = seed | 1;
  signal(SIGALRM, on_alarm);
  setitimer(ITIMER_REAL, &often, NULL);
  for (int step = 0; step < STEPS; step++) {
    size_t slot = below(&state, SLOTS);
    uintptr_t address = address_of(slot);
    if (model[slot].address == 0 && below(&state, 2) == 0) {
      struct lc_block block = {address, below(&state, 4096), (uint32_t)below(&state, 1000), 0};
      live++;
      model[slot] = block;
      lc_table_add(address, block.bytes, block.stack);
      EXPECT(lc_page_was_handed_out(address));
      added++;
    } else {
      bool was_there = model[slot].address != 0;
      EXPECT(lc_table_remove(address) == was_there);
      live -= was_there;
      removed += was_there;
      unknown += !was_there;
      model[slot].address = 0;
    }
  }
  setitimer(ITIMER_REAL, &never, NULL);
  check_all(live);
  struct lc_counters sum;
  lc_counters_sum(&sum);
  EXPECT(sum.lost == 0);
  EXPECT(sum.allocations >= added && sum.frees >= removed && sum.unknown_frees == unknown);
  EXPECT(sum.allocations - added == sum.frees - removed); /* the rest is the handler's */
  EXPECT(!lc_page_was_handed_out(0x123400000000));
  EXPECT(lc_table_hold());
  lc_table_release();
  check_all(live);
  return 0;
}
