/* However many blocks a shard holds, each lies near its home: else a look-up would take the longer,
 * the more there are. */
#include "harness.h"
#include "shards.c"

#define BLOCKS 400000u
#define BASE ((uintptr_t)0x10000000)

/* At most 4/5 full, linear probing takes 3 looks for what is there (Knuth 6.4, theorem K). */
#define MOST_LOOKS 5.0

static double average_looks(void) {
  double looks = 0, blocks = 0;
  for (unsigned i = 0; i < SHARDS; i++) {
    for (size_t at = 0; at < shards[i].slot_count; at++) {
      if (shards[i].slots[at].address != 0) {
        size_t home = home_of(&shards[i], shards[i].slots[at].address);
        looks += (double)distance(&shards[i], home, at) + 1;
        blocks++;
      }
    }
  }
  EXPECT(blocks == lc_shards_used());
  return looks / blocks;
}

static void fill(uintptr_t step, uint64_t *state) {
  for (uintptr_t i = 0; i < BLOCKS; i++) {
    uintptr_t address = BASE + i * step + (state != NULL ? below(state, step / 8) * 8 : 0);
    struct lc_block block = {address, 8, 1, 1};
    EXPECT(lc_shards_add(&block) == LC_KEPT);
  }
}

static void note(const struct lc_block *block, void *context) {
  uintptr_t **next = context;
  *(*next)++ = block->address;
}

static void empty(void) {
  static uintptr_t addresses[BLOCKS];
  uintptr_t *next = addresses;
  size_t bytes;
  lc_shards_each(note, &next);
  while (next > addresses) {
    EXPECT(lc_shards_remove(*--next, &bytes) && bytes == 8);
  }
  EXPECT(lc_shards_used() == 0);
}

int main(int argc, char **argv) {
  static const uintptr_t steps[] = {8, 16, 48, 64, 272, 4096};
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t state = seed | 1;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    fill(steps[i], NULL);
    EXPECT(average_looks() < MOST_LOOKS);
    empty();
  }
  fill(1024, &state);
  EXPECT(average_looks() < MOST_LOOKS);
  return 0;
}
