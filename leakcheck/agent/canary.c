/* One block, leaked on purpose in each run. If the check does not find it, the check
 * cannot be believed. It is leaked on a stack of its own, which is then unmapped, so that
 * no stale copy of its address can hold it. */
#include <stdlib.h>

#include "agent.h"

#define CANARY_STACK (64 * 1024)

static uintptr_t disguised; /* the address, inverted: this is no root */

static void leak(void *unused) {
  (void)unused;
  void *block = malloc(LC_CANARY_BYTES);
  disguised = ~(uintptr_t)block;
}

void lc_canary_leak(void) {
  char *stack = lc_map(CANARY_STACK);
  if (stack == NULL) {
    return;
  }
  lc_call_on_stack(leak, NULL, stack + CANARY_STACK);
  lc_unmap(stack, CANARY_STACK);
}

bool lc_is_canary(const struct lc_block *block) {
  return disguised != 0 && block->address == ~disguised && block->bytes == LC_CANARY_BYTES;
}
