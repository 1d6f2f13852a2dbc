/* Profiles while the program runs: after each interval, and whenever the memory in use has grown by
 * a step. They are taken in the hook of an allocation, by a fork: the child writes from its frozen
 * copy, the program goes on. Never in a program that asked for none. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#include "agent.h"
#include "sys.h"

#define STACK_BYTES (64 * 1024)

static volatile int busy; /* a snapshot is being taken, or there are to be no more */
static char *stack_top;
static uint64_t next_us, next_look, next_bytes;
static unsigned taken;
static long child;
static __thread size_t unchecked __attribute__((tls_model("initial-exec")));

static bool is_time(void) {
  if (lc_config.snapshot_interval_ms == 0) {
    return false;
  }
  uint64_t ticks = lc_ticks();
  if (ticks < __atomic_load_n(&next_look, __ATOMIC_RELAXED)) {
    return false;
  }
  __atomic_store_n(&next_look, ticks + LC_TICKS_BETWEEN_LOOKS, __ATOMIC_RELAXED);
  return lc_now_us() >= __atomic_load_n(&next_us, __ATOMIC_RELAXED);
}

/* A step is noticed a little late: the sum is not looked at for each block. */
static bool has_grown(size_t bytes) {
  if (lc_config.snapshot_step_bytes == 0) {
    return false;
  }
  unchecked += bytes;
  if (unchecked < (size_t)lc_config.snapshot_step_bytes / LC_CHECKS_A_STEP) {
    return false;
  }
  unchecked = 0;
  return lc_bytes_in_use() >= __atomic_load_n(&next_bytes, __ATOMIC_RELAXED);
}

static void write_snapshot(void *unused) {
  (void)unused;
  /* Who reads the other end of the program's pipes does not wait for this process. */
  lc_sys3(SYS_close_range, 0, UINT_MAX, 0);
  lc_memory_alone();
  lc_default_signals();
  static struct lc_maps maps;
  const char *why = lc_maps_read(&maps);
  if (why == NULL) {
    why = lc_report_snapshot(taken, &maps);
  }
  for (;;) {
    lc_sys1(SYS_exit_group, why == NULL ? 0 : 1);
  }
}

/* The one before this has ended; two at a time would be memory twice. */
static bool is_reaped(int options) {
  int status;
  long ended = -EINTR;
  while (child > 0 && ended == -EINTR) {
    ended = lc_sys4(SYS_wait4, child, &status, options | __WALL, 0);
  }
  child = ended == 0 ? child : 0;
  return child == 0;
}

static void take(void) {
  if (!lc_table_hold()) { /* else a block might be half recorded in the copy */
    return;
  }
  taken++;
  child = lc_copy_process();
  if (child == 0) {
    lc_call_on_stack(write_snapshot, NULL, stack_top);
  }
  lc_table_release();
}

static void plan_next(void) {
  __atomic_store_n(&next_us, lc_now_us() + (uint64_t)lc_config.snapshot_interval_ms * 1000,
                   __ATOMIC_RELAXED);
  __atomic_store_n(&next_bytes, lc_bytes_in_use() + (uint64_t)lc_config.snapshot_step_bytes,
                   __ATOMIC_RELAXED);
}

/* With signals blocked: a handler that ends the program would wait for its own thread. */
static void take_if_alone(void) {
  uint64_t signals = lc_block_signals();
  if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE) == 0) {
    if (is_reaped(WNOHANG)) {
      take();
      plan_next();
    }
    lc_unlock(&busy);
  }
  lc_restore_signals(signals);
}

void lc_snapshot_consider(size_t bytes) {
  if (stack_top != NULL && lc_guard == 0 && !lc_table_is_busy() &&
      (is_time() || has_grown(bytes)) && lc_observed_pid != 0 && lc_is_observed_process()) {
    take_if_alone();
  }
}

/* Before the check: none is begun any more, and the last one is whole. */
void lc_snapshot_finish(void) {
  static bool is_finished;
  if (stack_top != NULL && !is_finished) {
    lc_lock(&busy);
    is_finished = true;
    is_reaped(0);
  }
}

void lc_snapshot_start(void) {
  if (lc_config.snapshot_interval_ms == 0 && lc_config.snapshot_step_bytes == 0) {
    return;
  }
  char *stack = lc_map(STACK_BYTES);
  plan_next();
  stack_top = stack == NULL ? NULL : stack + STACK_BYTES;
}
