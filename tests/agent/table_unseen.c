/* A block begins where another one is in use: that one was freed, and we were not told. The newer
 * counts, and the run has no verdict, as nothing tells what else we were not told of. */
#include "harness.h"
#include "table.c"

#define PLACE ((uintptr_t)0x10000000)
#define OLDER 16u
#define NEWER 24u

static uintptr_t in_the_same_cell(void) {
  uintptr_t address = PLACE + 8;
  while (cell_of(address) != cell_of(PLACE)) {
    address += 8;
  }
  return address;
}

static void count_block(const struct lc_block *block, void *context) {
  EXPECT(block->address != PLACE || block->bytes == NEWER);
  ++*(size_t *)context;
}

static void expect_newer_and_one_lost(size_t others) {
  struct lc_counters sum;
  size_t visited = 0;
  lc_table_drop_older();
  lc_table_each(count_block, &visited);
  lc_counters_sum(&sum);
  EXPECT(sum.lost == 1 && visited == 1 + others && lc_table_live() == visited);
  EXPECT(lc_table_find(PLACE)->bytes == NEWER);
  lost = 0;
  EXPECT(lc_table_remove(PLACE));
}

/* Has what is in the cell of PLACE go on to its shard. */
static void push_out(void) {
  lc_table_add(in_the_same_cell(), 8, 1);
  EXPECT(lc_table_remove(in_the_same_cell()));
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;

  lc_table_add(PLACE, OLDER, 1); /* both in the cell */
  lc_table_add(PLACE, NEWER, 1);
  expect_newer_and_one_lost(0);

  lc_table_add(PLACE, OLDER, 1); /* one in the shard */
  push_out();
  lc_table_add(PLACE, NEWER, 1);
  expect_newer_and_one_lost(0);

  lc_table_add(PLACE, OLDER, 1); /* both in the shard */
  push_out();
  lc_table_add(PLACE, NEWER, 1);
  push_out();
  expect_newer_and_one_lost(0);

  lc_config.max_blocks = 1000; /* so few that cells are not used */
  lc_table_add(in_the_same_cell(), 8, 1);
  lc_table_add(PLACE, OLDER, 1);
  lc_table_add(PLACE, NEWER, 1);
  expect_newer_and_one_lost(1);
  return 0;
}
