/* The check itself: stop the world, fork a frozen copy, mark and report there, wait for it.
 * The program's own memory is not changed, and its exit code never is. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "agent.h"
#include "sys.h"

#define MOST_STOPS 10

enum { NOT_BEGUN, RUNNING, DONE };
static volatile int state;

static void nap(long microseconds) {
  struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  lc_sys2(SYS_nanosleep, &time, 0);
}

/* Between the program and a checker that was forked before the program's end. */
struct ending {
  int is_known;
  int code;
  const char *moment;
};
static struct ending *ending; /* shared */
static long early_checker;

uintptr_t lc_world_stack_top;
uintptr_t lc_world_starter;
void lc_world_stopped(uintptr_t sp, uintptr_t pc);

/* False when the program ended without saying how: it was killed, or became another one. */
static bool await_ending(struct lc_exit *exit) {
  while (__atomic_load_n(&ending->is_known, __ATOMIC_ACQUIRE) == 0) {
    if (lc_sys0(SYS_getppid) != lc_observed_pid) {
      return false;
    }
    struct timespec time = {0, 10000000};
    lc_sys4(SYS_futex, &ending->is_known, FUTEX_WAIT, 0, &time);
  }
  exit->code = ending->code;
  exit->moment = ending->moment;
  return true;
}

static const char *examine(struct lc_exit *exit, bool is_early) {
  static struct lc_maps maps;
  static struct lc_roots roots;
  static struct lc_marks marks;
  uint64_t started_us = lc_now_us();
  const char *why = lc_maps_read(&maps);
  if (why == NULL) {
    why = lc_roots_collect(&roots, &maps, exit);
  }
  if (why == NULL) {
    lc_forget_ends_of_streams();
    why = lc_mark(&marks, &roots);
  }
  uint64_t took_us = lc_now_us() - started_us;
  if (why == NULL && is_early && !await_ending(exit)) {
    lc_sys1(SYS_exit_group, 1);
  }
  if (why == NULL) {
    why = lc_report_write(&marks, &roots, &maps, exit, took_us);
  }
  return why;
}

/* A crash of the checker must end the checker, whatever handlers the program has. */
void lc_default_signals(void) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
  } action = {SIG_DFL, 0, NULL, 0};
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  uint64_t mask = 0;
  for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
    lc_sys4(SYS_rt_sigaction, fatal[i], &action, 0, 8);
    mask |= (uint64_t)1 << (fatal[i] - 1);
  }
  lc_sys4(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, 0, 8);
}

static void __attribute__((noreturn)) be_the_checker(struct lc_exit *exit, bool is_early) {
  lc_default_signals();
  lc_memory_alone();
  if (lc_config.is_heapcheck) {
    lc_heapcheck_be_the_checker(exit);
  }
  const char *why = examine(exit, is_early);
  if (why != NULL) {
    lc_report_failure(why, NULL);
  }
  for (;;) {
    lc_sys1(SYS_exit_group, why == NULL ? 0 : 1);
  }
}

static const char *name_of(int signal) {
  switch (signal) {
  case SIGSEGV:
    return "SIGSEGV";
  case SIGBUS:
    return "SIGBUS";
  case SIGABRT:
    return "SIGABRT";
  case SIGKILL:
    return "SIGKILL (out of memory?)";
  case SIGSYS:
    return "SIGSYS (a seccomp filter of the program's own)";
  case SIGXCPU:
    return "SIGXCPU (a limit on processor time)";
  case SIGXFSZ:
    return "SIGXFSZ (a limit on the size of files)";
  default:
    return "other";
  }
}

static void wait_for(long child) {
  uint64_t until = lc_now_us() + (uint64_t)lc_config.deadline_ms * 1000;
  int status = 0;
  for (long pause_us = 50;; pause_us = pause_us < 2000 ? pause_us * 2 : 2000) {
    long ended = lc_sys4(SYS_wait4, child, &status, WNOHANG | __WALL, 0);
    if (ended == child) {
      break;
    }
    if (ended < 0 && ended != -EINTR) {
      return; /* somebody else reaped it: its files tell */
    }
    if (lc_now_us() > until) {
      lc_sys2(SYS_kill, lc_config.is_heapcheck ? -child : child, SIGKILL);
      lc_sys4(SYS_wait4, child, &status, __WALL, 0);
      lc_report_failure("the check did not end within its deadline", NULL);
      return;
    }
    nap(pause_us);
  }
  if (WIFSIGNALED(status)) {
    lc_report_failure("the checker process was killed by a signal", name_of(WTERMSIG(status)));
  }
}

/* gperftools' checker takes locks that a stopped thread may hold. */
static bool can_be_checked(void) {
  if (!lc_config.is_heapcheck) {
    return true;
  }
  for (int i = 1; !lc_heapcheck_locks_are_free(); i++) {
    if (i == MOST_STOPS) {
      lc_report_failure("threads that go on allocating hold the locks of the heap checker", NULL);
      return false;
    }
    lc_threads_stop_again();
  }
  return true;
}

static long fork_frozen_copy(struct lc_exit *exit, bool is_early) {
  if (!can_be_checked()) {
    return -EAGAIN;
  }
  if (!lc_share_with_copy()) {
    lc_report_failure("the program keeps too many pieces of memory from its children "
                      "(MADV_DONTFORK)",
                      NULL);
    return -EAGAIN;
  }
  if (!lc_table_hold()) {
    lc_report_failure("the program left from a signal handler that interrupted an allocation, or "
                      "a thread stands still in the middle of one",
                      NULL);
    return -EAGAIN;
  }
  long child = lc_copy_process();
  lc_table_release();
  if (child == 0) {
    be_the_checker(exit, is_early);
  }
  if (child < 0) {
    lc_report_failure("no process could be forked for the check (limit on processes?)", NULL);
  }
  return child;
}

static long fork_checker(struct lc_exit *exit, bool is_early) {
  uint64_t signals = lc_block_signals();
  lc_threads_stop();
  long child = fork_frozen_copy(exit, is_early);
  if (child > 0 && !is_early) {
    wait_for(child);
  }
  lc_threads_release();
  lc_restore_signals(signals);
  return child;
}

static void tell_ending(const struct lc_exit *exit) {
  ending->code = exit->code;
  ending->moment = exit->moment;
  __atomic_store_n(&ending->is_known, 1, __ATOMIC_RELEASE);
  lc_sys3(SYS_futex, &ending->is_known, FUTEX_WAKE, 1);
  wait_for(early_checker);
}

void lc_check(const struct lc_exit *exit) {
  if (lc_observed_pid == 0 || !lc_is_observed_process()) {
    return;
  }
  if (!__sync_bool_compare_and_swap(&state, NOT_BEGUN, RUNNING)) {
    while (state == RUNNING) { /* another thread leaves too: its check is ours */
      nap(1000);
    }
    return;
  }
  lc_guard++;
  lc_words_leaving(exit->code);
  lc_snapshot_finish();
  if (early_checker > 0) {
    tell_ending(exit);
  } else if (early_checker == 0) {
    struct lc_exit at = *exit;
    lc_skip_libc_frames(&at);
    fork_checker(&at, false);
  }
  lc_guard--;
  state = DONE;
}

/* From thunk_*.S, on a stack of its own: Go's world stands still, the companion's dump is
 * written. Goroutines that run in C go on, so the copy is taken now, before the world starts
 * again: dump and memory are of one instant. */
void lc_world_stopped(uintptr_t sp, uintptr_t pc) {
  if (early_checker != 0 || state != NOT_BEGUN || !lc_is_observed_process() ||
      !lc_go_dump_is_there()) { /* a test may write heap dumps of its own */
    return;
  }
  struct lc_exit at = {.moment = "", .sp = sp, .pc = pc};
  lc_guard++;
  lc_snapshot_finish();
  early_checker = fork_checker(&at, true);
  lc_guard--;
}

void lc_snapshot_at_dump_start(void) {
  const size_t stack_bytes = 64 * 1024;
  if (!lc_config.go_companion || lc_config.go_dumper == 0) {
    return;
  }
  long page = lc_sys6(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *stack = lc_map(stack_bytes);
  if ((page < 0 && page > -4096) || stack == NULL) {
    return; /* the copy is taken at the exit, as without Go */
  }
  ending = (struct ending *)page;
  lc_world_stack_top = (uintptr_t)stack + stack_bytes;
  lc_world_starter = lc_config.go_world_starter;
  lc_patch_call(lc_config.go_dumper, lc_config.go_world_starter, (const void *)lc_world_thunk);
}
