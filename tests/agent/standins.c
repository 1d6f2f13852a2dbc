/* Stands in for the parts of the agent that need a real preload: threads, Go, hooks. */
#define _GNU_SOURCE
#include "harness.h"

uint64_t seed;
struct lc_config lc_config;
__thread volatile bool lc_stop_pending;
void lc_threads_stop_self(void) { abort(); }
bool lc_is_canary(const struct lc_block *block) { return block->bytes == 1117; }
__attribute__((weak)) const char *lc_go_dump_each_word(bool every_word,
                                                       void (*visit)(uintptr_t word)) {
  (void)every_word;
  (void)visit;
  return NULL;
}
void lc_tally(uint32_t stack, size_t bytes) {
  (void)stack;
  (void)bytes;
}
void lc_account(int64_t bytes) { (void)bytes; }
