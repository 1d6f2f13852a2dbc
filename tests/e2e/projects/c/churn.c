/* Allocates 1000 blocks and frees them again, loses 3, and keeps one that grew in steps. */
#include <stdlib.h>

static void *volatile slot;

/* Keeps the call from being the function's last instruction, a jump. */
static inline void *kept(void *block) {
  __asm__ volatile("" : "+r"(block));
  return block;
}

__attribute__((noinline)) static void *churn(void) { return kept(malloc(64)); }

__attribute__((noinline)) static void *lose(void) { return kept(malloc(100)); }

__attribute__((noinline)) static void *grow(void *block, size_t bytes) {
  return kept(realloc(block, bytes));
}

int main(void) {
  for (int i = 0; i < 1000; i++) {
    slot = churn();
    free(slot);
  }
  for (int i = 0; i < 3; i++)
    slot = lose();
  slot = NULL;
  for (int i = 1; i <= 4; i++)
    slot = grow(slot, (size_t)i * 100000);
  return 0;
}
