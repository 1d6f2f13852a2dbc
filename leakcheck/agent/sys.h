/* Raw system calls: usable in hooks, in signal handlers, after a raw clone, and
 * before libc is initialised. They return -errno, and never touch errno. */
#ifndef LEAKCHECK_SYS_H
#define LEAKCHECK_SYS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "arch.h"

#ifndef __GLIBC__
#error "not glibc"
#endif

#define lc_sys4(n, a, b, c, d) lc_sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define lc_sys3(n, a, b, c) lc_sys4(n, a, b, c, 0)
#define lc_sys2(n, a, b) lc_sys4(n, a, b, 0, 0)
#define lc_sys1(n, a) lc_sys4(n, a, 0, 0, 0)
#define lc_sys0(n) lc_sys4(n, 0, 0, 0, 0)

/* What is read sequentially consistently after it is read after it (table.c). */
static inline bool lc_try_lock(volatile int *lock) {
  return __atomic_exchange_n(lock, 1, __ATOMIC_SEQ_CST) == 0;
}
/* A spin lock that yields: critical sections are a few dozen instructions. */
static inline void lc_lock(volatile int *lock) {
  for (int spins = 0; !lc_try_lock(lock); spins++) {
    if (spins > 100) {
      lc_sys0(SYS_sched_yield);
    }
    lc_pause();
  }
}
static inline void lc_unlock(volatile int *lock) { __atomic_store_n(lock, 0, __ATOMIC_RELEASE); }

/* All of them, glibc's own too; what was blocked before. */
static inline uint64_t lc_block_signals(void) {
  uint64_t all = ~(uint64_t)0, before = 0;
  lc_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, 8);
  return before;
}
static inline void lc_restore_signals(uint64_t before) {
  lc_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, 8);
}

/* A lock with all signals blocked: a handler that allocates must not wait for a lock that its own
 * thread holds, nor may a thread be stopped for the check while it holds one. For locks that are
 * taken seldom: this makes two system calls. */
static inline uint64_t lc_lock_quietly(volatile int *lock) {
  uint64_t before = lc_block_signals();
  lc_lock(lock);
  return before;
}
static inline void lc_unlock_quietly(volatile int *lock, uint64_t before) {
  lc_unlock(lock);
  lc_restore_signals(before);
}

#endif
