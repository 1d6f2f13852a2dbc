/* C frames. Called in the hooks: no malloc but libunwind's own, which counts as the agent's.
 * libunwind's unw_backtrace caches what it learns of each call site, which makes it some
 * eight times faster than glibc's backtrace() on code without frame pointers. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <ucontext.h>
#include <unwind.h>

#include "agent.h"
#include "sys.h"

typedef int (*backtrace_function)(void **frames, int room);

static const int callee_saved[LC_SAVED] = LC_SAVED_NUMBERS;
struct lc_cursor_interface lc_cursor;

static backtrace_function cached_backtrace;

/* How deep this thread is in libunwind for a capture; a signal handler may interrupt one. */
static __thread int unwinding __attribute__((tls_model("initial-exec")));

static uint32_t by_libunwind(uintptr_t *frames, uint32_t room) {
  unwinding++;
  int count = cached_backtrace((void **)frames, (int)room);
  unwinding--;
  return count > 0 ? (uint32_t)count : 0;
}

struct gathering {
  uintptr_t *frames;
  uint32_t count, room;
};

static _Unwind_Reason_Code gather(struct _Unwind_Context *context, void *argument) {
  struct gathering *to = argument;
  uintptr_t pc = _Unwind_GetIP(context);
  if (pc == 0 || to->count == to->room) {
    return _URC_END_OF_STACK;
  }
  to->frames[to->count++] = pc;
  return lc_in_go_text(pc) ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uint32_t by_gcc(uintptr_t *frames, uint32_t room) {
  struct gathering to = {frames, 0, room};
  _Unwind_Backtrace(gather, &to);
  return to.count;
}

static struct lc_range libunwind_image;

typedef int (*mask_function)(int how, const sigset_t *wanted, sigset_t *before);
static mask_function real_sigprocmask, real_pthread_sigmask;

/* libunwind blocks all signals while it holds a lock. glibc leaves its own two real-time signals
 * out of a full set, and never blocks them again; but the thread that makes SIGEV_THREAD timers
 * tick waits for one of them, blocked, and the next tick would kill the program. So while
 * libunwind works for the agent, or for gperftools' checker, which calls it by itself, all means
 * all, and what was blocked before is so again. */
static bool is_for_libunwind(const void *caller) {
  return lc_guard != 0 || unwinding != 0 ||
         (lc_config.is_heapcheck && lc_in_image(libunwind_image, (uintptr_t)caller));
}

/* Each step of a cursor takes such a lock: a walk of many blocks all signals once. */
static __thread bool are_blocked __attribute__((tls_model("initial-exec")));

uint64_t lc_unwinding_begins(void) {
  uint64_t signals = lc_block_signals();
  unwinding++;
  are_blocked = true;
  return signals;
}

void lc_unwinding_ends(uint64_t signals) {
  are_blocked = false;
  unwinding--;
  lc_restore_signals(signals);
}

static long set_raw_mask(int how, const sigset_t *wanted, sigset_t *before) {
  if (are_blocked) { /* nor is anything unblocked before the end of the walk */
    return 0;
  }
  uint64_t mask = wanted != NULL ? *(const uint64_t *)wanted : 0;
  if (before != NULL) { /* the beginning of such a stretch */
    mask |= (uint64_t)3 << 31;
  }
  return lc_sys4(SYS_rt_sigprocmask, how, wanted != NULL ? &mask : NULL, before, 8);
}

static mask_function find(mask_function *found, const char *name) {
  if (*found == NULL) {
    *found = (mask_function)dlsym(RTLD_NEXT, name);
  }
  return *found;
}

__attribute__((visibility("default"))) int sigprocmask(int how, const sigset_t *wanted,
                                                       sigset_t *before) {
  if (!is_for_libunwind(__builtin_return_address(0))) {
    return find(&real_sigprocmask, "sigprocmask")(how, wanted, before);
  }
  long result = set_raw_mask(how, wanted, before);
  if (result < 0) {
    errno = (int)-result;
  }
  return result < 0 ? -1 : 0;
}

/* libunwind's choice from 1.7 on; it returns the error. */
__attribute__((visibility("default"))) int pthread_sigmask(int how, const sigset_t *wanted,
                                                           sigset_t *before) {
  if (!is_for_libunwind(__builtin_return_address(0))) {
    return find(&real_pthread_sigmask, "pthread_sigmask")(how, wanted, before);
  }
  return (int)-set_raw_mask(how, wanted, before);
}

void lc_unwind_start(void) {
  find(&real_sigprocmask, "sigprocmask");
  find(&real_pthread_sigmask, "pthread_sigmask");
  void *library = NULL;
  if (LC_LIBUNWIND_IS_RIGHT) {
    library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  }
  if (library != NULL) {
    cached_backtrace = (backtrace_function)dlsym(library, "unw_backtrace");
    libunwind_image = lc_image_around((uintptr_t)cached_backtrace);
    *(void **)&lc_cursor.init = dlsym(library, LC_LIBUNWIND "init_local");
    *(void **)&lc_cursor.step = dlsym(library, LC_LIBUNWIND "step");
    *(void **)&lc_cursor.get = dlsym(library, LC_LIBUNWIND "get_reg");
    lc_cursor.is_whole = lc_cursor.init != NULL && lc_cursor.step != NULL && lc_cursor.get != NULL;
    lc_memo_start(library);
  }
}

/* errx() and the like have large frames that they do not write, full of what was there before. */
void lc_skip_libc_frames(struct lc_exit *exit) {
  uintptr_t cursor[LC_CURSOR_WORDS] = {0};
  ucontext_t context = {0};
  struct lc_exit at = *exit;
  lc_context_behind_call(&context, exit);
  if (!lc_cursor.is_whole || lc_cursor.init(cursor, &context) < 0) {
    return;
  }
  while (lc_in_image(lc_libc_image, at.pc)) {
    int stepped = lc_cursor.step(cursor);
    if (stepped == 0) { /* no frame of the program is left: the last thread has ended */
      *exit = (struct lc_exit){.moment = at.moment, .code = at.code, .sp = at.sp};
      return;
    }
    if (stepped < 0 || lc_cursor.get(cursor, LC_UNWIND_PC, &at.pc) < 0 ||
        lc_cursor.get(cursor, LC_UNWIND_SP, &at.sp) < 0) {
      return;
    }
    for (int i = 0; i < LC_SAVED; i++) {
      lc_cursor.get(cursor, callee_saved[i], &at.registers[i]);
    }
  }
  *exit = at;
}

const char *lc_unwinder_name(void) { return cached_backtrace != NULL ? "libunwind" : "gcc"; }

/* Drops the agent's and tcmalloc's own frames, and cuts at the first Go frame: no C unwinder
 * can read Go's frames, lc_unwind_go does that. */
static uint32_t keep_programs(uintptr_t *frames, uint32_t count) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count && frames[i] != 0 && !lc_in_go_text(frames[i]); i++) {
    if (!lc_in_agent(frames[i])) {
      frames[kept++] = frames[i];
    }
  }
  return kept;
}

uint32_t lc_unwind_c(uintptr_t *frames, uint32_t room) {
  uint32_t count = cached_backtrace != NULL ? by_libunwind(frames, room) : by_gcc(frames, room);
  return keep_programs(frames, count);
}

/* For a signal handler that allocates when it has interrupted the above: libunwind may be changing
 * its cache of call sites. Sets `is_own` when the block is for libunwind itself. */
uint32_t lc_unwind_c_again(uintptr_t *frames, uint32_t room, bool *is_own) {
  uint32_t count = by_gcc(frames, room), kept = 0, first = 0;
  while (first < count &&
         (lc_in_agent(frames[first]) || lc_in_image(lc_libc_image, frames[first]) ||
          lc_in_image(lc_loader_image, frames[first]))) { /* it makes thread-local memory */
    first++;
  }
  *is_own = first < count && lc_in_image(libunwind_image, frames[first]);
  for (uint32_t i = 0; i < count; i++) {
    if (!lc_in_image(libunwind_image, frames[i])) {
      frames[kept++] = frames[i];
    }
  }
  return keep_programs(frames, kept);
}
