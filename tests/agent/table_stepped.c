/* A signal handler that allocates and frees, at every instruction of an addition to the table, of a
 * removal, and of another handler's: the processor stops after each (EFLAGS.TF, x86-64 alone). */
#define _GNU_SOURCE
#include "harness.h"
#include "table.c"

#include <signal.h>

#define X ((uintptr_t)0x10000000)
#define Y ((uintptr_t)0x20000040)
#define Z ((uintptr_t)0x30000080)
#define FEWEST_STEPS 20

static volatile long step, wanted;
static volatile bool is_done;

/* Whoever stops this thread, or leaves the program from a handler, goes by lc_table_is_busy. */
static void expect_seen_unless_busy(void) {
  if (is_done && !lc_table_is_busy()) {
    EXPECT(lc_table_find(Y) != NULL && lc_table_find(Z) == NULL);
  }
}

static void on_trap(int number) {
  (void)number;
  if (step++ == wanted) {
    lc_table_add(Y, 24, 2);
    EXPECT(lc_table_remove(Z));
    is_done = true;
  }
  expect_seen_unless_busy();
}

static __attribute__((noinline)) void begin_steps(void) {
  __asm__ volatile("pushf; orq $0x100, (%%rsp); popf" ::: "cc", "memory");
}

static __attribute__((noinline)) void end_steps(void) {
  __asm__ volatile("pushf; andq $~0x100, (%%rsp); popf" ::: "cc", "memory");
}

static void add_x(void) { lc_table_add(X, 8, 1); }
static void remove_x(void) { lc_table_remove(X); }

static void expect_all_done(bool has_x) {
  struct lc_counters sum;
  lc_counters_sum(&sum);
  EXPECT(sum.lost == 0 && sum.unknown_frees == 0 && pending == 0 && !lc_table_is_busy());
  EXPECT((lc_table_find(X) != NULL) == has_x);
  EXPECT((lc_table_find(Y) != NULL) == is_done && (lc_table_find(Z) == NULL) == is_done);
  EXPECT(lc_table_live() == (size_t)has_x + 1);
}

/* With the handler at one step; false when the operation has fewer. `is_in_handler`: the operation
 * is itself a handler's, which has interrupted its thread in a cell. */
static bool run_with(void (*operation)(void), bool is_in_handler, long at) {
  bool had_x = operation == remove_x;
  lc_table_add(Z, 16, 3);
  if (had_x) {
    add_x();
  }
  step = 0;
  wanted = at;
  is_done = false;
  is_inside = is_in_handler;
  begin_steps();
  operation();
  end_steps();
  if (is_in_handler) {
    end();
  }
  expect_all_done(!had_x);
  EXPECT(lc_table_remove(is_done ? Y : Z));
  if (!had_x) {
    remove_x();
  }
  return is_done;
}

static void run_at_every_step(void (*operation)(void), bool is_in_handler) {
  long at = 0;
  while (run_with(operation, is_in_handler, at)) {
    at++;
  }
  EXPECT(at > FEWEST_STEPS);
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  signal(SIGTRAP, on_trap);
  lc_note_pages(X, 8); /* a leaf is made with all signals blocked, and a blocked trap kills */
  lc_note_pages(Y, 24);
  lc_note_pages(Z, 16);
  run_at_every_step(add_x, false);
  run_at_every_step(remove_x, false);
  run_at_every_step(add_x, true);
  run_at_every_step(remove_x, true);
  return 0;
}
