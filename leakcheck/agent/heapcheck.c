/* The classic engine: gperftools' own heap checker (HEAPCHECK) looks for the leaks. It is made to
 * run in the forked copy of the process, at the moment of the agent's own check, because its exit
 * handler never runs in a Go program, and because it may crash, hang, or leave with a code of its
 * own. Of its ways in, NoGlobalLeaks() only reports; DoMainHeapCheck(), which the exit handler
 * calls, forks addr2line and ends the process.
 * Unlike the rest of the checker this runs code of libraries: gperftools', and libc's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "sys.h"

#define PROBE_US 300000u
#define PROBE_BYTES ((size_t)4 << 20) /* not from any cache: straight from the page heap */
#define CHECK_STACK ((size_t)1 << 20)

static bool (*is_active)(void);
static bool (*no_global_leaks)(void);
static void (*cancel_global_check)(void);

/* Newer libraries export all others without a checker behind them. */
static const char real_checker[] = "_ZN15HeapLeakChecker15DoMainHeapCheckEv";

static bool is_checker_there(void) {
  is_active = (bool (*)(void))dlsym(RTLD_DEFAULT, "_ZN15HeapLeakChecker8IsActiveEv");
  no_global_leaks = (bool (*)(void))dlsym(RTLD_DEFAULT, "_ZN15HeapLeakChecker13NoGlobalLeaksEv");
  cancel_global_check =
      (void (*)(void))dlsym(RTLD_DEFAULT, "_ZN15HeapLeakChecker17CancelGlobalCheckEv");
  return dlsym(RTLD_DEFAULT, real_checker) != NULL && is_active != NULL &&
         no_global_leaks != NULL && cancel_global_check != NULL;
}

const char *lc_heapcheck_start(void) {
  if (!is_checker_there()) {
    return "the tcmalloc that is loaded has no heap checker; --engine agent needs none";
  }
  return lc_take_tcmalloc(dlsym(RTLD_DEFAULT, real_checker));
}

/* The checker's own exit handler would check once more and leave with its own code. */
void lc_heapcheck_cancel_own_check(void) {
  if (lc_config.is_heapcheck && cancel_global_check != NULL) {
    cancel_global_check();
  }
}

/* ---- locks ---- */

/* Takes every lock that the checker will take, and that a stopped thread may hold. */
static void __attribute__((noreturn)) take_all_locks(void) {
  static char text[1 << 14];
  is_active();
  free(malloc(PROBE_BYTES));
  free(malloc(1));
  munmap(mmap(NULL, LC_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), LC_PAGE);
  if (lc_get_stats != NULL) {
    lc_get_stats(text, sizeof text);
  }
  for (;;) {
    lc_sys1(SYS_exit_group, 0);
  }
}

static bool ends_in_time(long child) {
  uint64_t until = lc_now_us() + PROBE_US;
  while (lc_now_us() < until) {
    int status = 0;
    long ended = lc_sys4(SYS_wait4, child, &status, WNOHANG | __WALL, 0);
    if (ended == child || (ended < 0 && ended != -EINTR)) {
      return ended == child && status == 0;
    }
    struct timespec time = {0, 200000};
    lc_sys2(SYS_nanosleep, &time, 0);
  }
  lc_sys2(SYS_kill, child, SIGKILL);
  lc_sys4(SYS_wait4, child, NULL, __WALL, 0);
  return false;
}

bool lc_heapcheck_locks_are_free(void) {
  long child = lc_copy_process();
  if (child == 0) {
    take_all_locks();
  }
  return child < 0 || ends_in_time(child); /* that none can be made, the check itself will say */
}

/* ---- stacks ---- */

/* What lies below a thread's stack pointer is no frame any more, and the checker, which sees one
 * thread in this copy, would take it for one. */
static void clear_stack(uintptr_t lo, uintptr_t hi) {
  uintptr_t last_page = hi & ~(LC_PAGE - 1);
  if (lo >= hi) {
    return;
  }
  if (last_page > lo) {
    lc_sys3(SYS_madvise, lo, last_page - lo, MADV_DONTNEED);
  }
  for (uintptr_t at = last_page > lo ? last_page : lo; at + 8 <= hi; at += 8) {
    *(volatile uintptr_t *)at = 0;
  }
}

static void clear_dead_frames(const struct lc_maps *maps, const struct lc_thread *at) {
  struct lc_range stack = lc_stack_of(maps, at->thread_pointer, at->tid);
  bool on_g0 = false, called_c = false;
  uintptr_t saved = lc_go_saved_sp(at->thread_pointer, &on_g0, &called_c);
  bool runs_go = saved != 0 && (lc_in_go_text(at->pc) || !called_c);
  uintptr_t sp = runs_go ? saved : at->sp - LC_RED_ZONE;
  if (sp >= stack.lo && sp < stack.hi) {
    clear_stack((stack.lo + LC_PAGE - 1) & ~(LC_PAGE - 1), sp & ~(uintptr_t)7);
  }
}

static bool is_running(uintptr_t thread_pointer) {
  struct lc_thread *threads;
  size_t count = lc_threads_stopped(&threads);
  for (size_t i = 0; i < count; i++) {
    if (!threads[i].answered || threads[i].thread_pointer == thread_pointer) {
      return true;
    }
  }
  return thread_pointer == lc_thread_pointer();
}

/* glibc keeps them for the next thread. */
static void clear_stacks_of_finished_threads(const struct lc_maps *maps) {
  const struct lc_stack_record *records;
  size_t count = lc_stack_records(&records);
  for (size_t i = 0; i < count; i++) {
    const struct lc_stack_record *record = &records[i];
    if (!is_running(record->thread_pointer) && lc_stack_is_there(maps, record)) {
      uintptr_t hi = record->thread_pointer - LC_BELOW_THREAD_POINTER(lc_static_tls_bytes);
      clear_stack(record->lo, hi & ~(uintptr_t)7);
    }
  }
}

static void clear_all_dead_frames(const struct lc_exit *exit) {
  static struct lc_maps maps;
  struct lc_thread *threads;
  if (lc_maps_read(&maps) != NULL) {
    return; /* stale words may hide a leak; nothing is invented */
  }
  size_t count = lc_threads_stopped(&threads);
  for (size_t i = 0; i < count; i++) {
    if (threads[i].answered) {
      clear_dead_frames(&maps, &threads[i]);
    }
  }
  struct lc_thread self = {
      .thread_pointer = lc_thread_pointer(), .sp = exit->sp, .pc = exit->pc, .answered = true};
  self.tid = self.thread_pointer == lc_main_thread_pointer ? lc_main_tid : 0;
  clear_dead_frames(&maps, &self);
  clear_stacks_of_finished_threads(&maps);
}

/* ---- the check ---- */

static bool keep_words_of_checker(void) {
  char path[sizeof lc_config.run_dir + 16];
  size_t used = 0;
  for (const char *at = lc_config.run_dir; *at != '\0'; at++) {
    path[used++] = *at;
  }
  for (const char *at = "/checker.log"; *at != '\0'; at++) {
    path[used++] = *at;
  }
  path[used] = '\0';
  long log = lc_sys4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  return log >= 0 && lc_sys3(SYS_dup3, log, STDERR_FILENO, 0) == STDERR_FILENO;
}

static struct lc_exit leaving; /* here its registers are roots */

static const char *examine(void) {
  lc_sys2(SYS_setpgid, 0, 0); /* the checker starts a process that would outlive this one */
  if (!keep_words_of_checker()) {
    return "the checker's report could not be written (disk full?)";
  }
  if (!is_active()) {
    return "gperftools turned its heap checker off (the program runs under a tracer?)";
  }
  uint64_t started_us = lc_now_us();
  clear_all_dead_frames(&leaving);
  bool found_none = no_global_leaks();
  return lc_report_heapcheck(&leaving, found_none, lc_now_us() - started_us);
}

static void examine_and_end(void *unused) {
  (void)unused;
  const char *why = examine();
  if (why != NULL) {
    lc_report_failure(why, NULL);
  }
  for (;;) {
    lc_sys1(SYS_exit_group, why == NULL ? 0 : 1);
  }
}

/* On a fresh stack: the frames of these functions are not written all over, and what stood there
 * before would hold blocks. Pages that cannot be read keep it apart from its neighbours, because
 * the checker takes all of a mapping above its own frame for its stack. */
void lc_heapcheck_be_the_checker(const struct lc_exit *exit) {
  char *stack = lc_map(CHECK_STACK);
  leaving = *exit;
  if (stack != NULL && lc_sys3(SYS_mprotect, stack, LC_PAGE, PROT_NONE) == 0 &&
      lc_sys3(SYS_mprotect, stack + CHECK_STACK - LC_PAGE, LC_PAGE, PROT_NONE) == 0) {
    lc_call_on_stack(examine_and_end, NULL, stack + CHECK_STACK - LC_PAGE);
  }
  lc_report_failure("no memory for the check", NULL);
  for (;;) {
    lc_sys1(SYS_exit_group, 1);
  }
}
