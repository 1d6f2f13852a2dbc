/* Which block a word points to, against the definition. The addresses are made up: nothing is read
 * there. */
#include "harness.h"

#define MOST 3000u
#define MIB ((size_t)1 << 20)

static struct lc_block model[MOST]; /* by address */
static size_t count;

static size_t any_size(uint64_t *state) {
  static const size_t sizes[] = {
      0, 1, 7, 8, 2 * MIB - 9, 2 * MIB - 8, 2 * MIB - 7, 2 * MIB, 2 * MIB + 1, 3 * MIB, 300 * MIB};
  return below(state, 3) == 0 ? sizes[below(state, sizeof sizes / sizeof sizes[0])]
                              : below(state, 5000);
}

static void make_blocks(uint64_t *state) {
  static const uint32_t stacks[] = {1, 2, LC_OWNED_BY_AGENT};
  uintptr_t at =
      below(state, 2) == 0 ? 0x10000000 : ((uintptr_t)1 << LC_ADDRESS_BITS) - (1ull << 42);
  size_t wanted = 1 + below(state, MOST);
  for (count = 0; count < wanted; count++) {
    at += 8 * below(state, 4);
    model[count] = (struct lc_block){at, any_size(state), stacks[below(state, 3)], 0};
    lc_table_add(at, model[count].bytes, model[count].stack);
    at += (model[count].bytes + 8) & ~(size_t)7; /* no two begin at one address */
  }
}

/* The last one that begins at or before the word decides, at `near` or next to it. */
static size_t expected(uintptr_t word, bool interior, size_t near) {
  size_t at = near > 0 ? near - 1 : 0;
  while (at + 1 < count && model[at + 1].address <= word) {
    at++;
  }
  if (model[at].address > word) {
    return LC_NO_BLOCK;
  }
  bool is_tagged = word - model[at].address < 4;
  return is_tagged || (interior && word - model[at].address < model[at].bytes) ? at : LC_NO_BLOCK;
}

static void expect_located(uintptr_t word, size_t near) {
  EXPECT(lc_blocks_locate(word, true) == expected(word, true, near));
  EXPECT(lc_blocks_locate(word, false) == expected(word, false, near));
}

static void expect_known(size_t i) {
  struct lc_range words = lc_block_words(i);
  const struct lc_block *known = lc_block_at(i);
  EXPECT(known->address == model[i].address && known->bytes == model[i].bytes);
  EXPECT(words.lo == model[i].address && words.hi == words.lo + model[i].bytes / 8 * 8);
  EXPECT(lc_block_is_own(i) == (model[i].stack == LC_OWNED_BY_AGENT || lc_is_canary(&model[i])));
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t state = seed * 2654435761u + 1;
  make_blocks(&state);
  EXPECT(lc_blocks_sort());
  EXPECT(lc_blocks_count() == count);
  for (size_t i = 0; i < count; i++) {
    expect_known(i);
    expect_located(model[i].address + below(&state, model[i].bytes + 1), i);
    for (uintptr_t offset = 0; offset < 24; offset++) {
      expect_located(model[i].address - 8 + offset, i);
      expect_located(model[i].address + model[i].bytes - 8 + offset, i);
    }
  }
  expect_located(0, 0);
  EXPECT(lc_blocks_locate(UINTPTR_MAX, true) == LC_NO_BLOCK);
  return 0;
}
