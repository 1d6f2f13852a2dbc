/* C frames. Called in the hooks with lc_guard set.
 * libunwind's unw_backtrace caches what it learns of each call site, which makes it some
 * eight times faster than glibc's backtrace() on code without frame pointers. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <unwind.h>

#include "agent.h"
#include "sys.h"

typedef int (*backtrace_function)(void **frames, int room);

static backtrace_function cached_backtrace;

static uint32_t by_libunwind(uintptr_t *frames, uint32_t room) {
  int count = cached_backtrace((void **)frames, (int)room);
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
static mask_function real_sigprocmask;

/* libunwind blocks all signals while it holds a lock. glibc's sigprocmask never blocks its own
 * two real-time signals, nor does it block them again afterwards; but the thread that makes
 * SIGEV_THREAD timers tick waits for one of them, blocked, and the next tick would kill the
 * program. So for libunwind the mask is what it asks for. */
__attribute__((visibility("default"))) int sigprocmask(int how, const sigset_t *wanted,
                                                       sigset_t *before) {
  if (!lc_in_image(libunwind_image, (uintptr_t)__builtin_return_address(0))) {
    if (real_sigprocmask == NULL) {
      real_sigprocmask = (mask_function)dlsym(RTLD_NEXT, "sigprocmask");
    }
    return real_sigprocmask(how, wanted, before);
  }
  long result = lc_sys4(SYS_rt_sigprocmask, how, wanted, before, 8);
  if (result < 0) {
    errno = (int)-result;
  }
  return result < 0 ? -1 : 0;
}

void lc_unwind_start(void) {
  real_sigprocmask = (mask_function)dlsym(RTLD_NEXT, "sigprocmask");
  void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (library != NULL) {
    cached_backtrace = (backtrace_function)dlsym(library, "unw_backtrace");
    libunwind_image = lc_image_around((uintptr_t)cached_backtrace);
  }
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
         (lc_in_agent(frames[first]) || lc_in_image(lc_libc_image, frames[first]))) {
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
