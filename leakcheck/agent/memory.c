/* The agent's own memory. Nothing here may call malloc: it serves the hooks. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#include "agent.h"
#include "sys.h"

static struct lc_range own[LC_MAX_RANGES];
static size_t own_count;
static volatile int own_lock;

struct lc_range lc_agent_image, lc_tcmalloc_image, lc_loader_image, lc_libc_image;

void *lc_map(size_t bytes) {
  bytes = (bytes + LC_PAGE - 1) & ~(LC_PAGE - 1);
  long start = lc_sys6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start < 0 && start > -4096) {
    return NULL;
  }
  uint64_t signals = lc_lock_quietly(&own_lock);
  bool kept = own_count < LC_MAX_RANGES;
  if (kept) {
    own[own_count++] = (struct lc_range){(uintptr_t)start, (uintptr_t)start + bytes};
  }
  lc_unlock_quietly(&own_lock, signals);
  if (!kept) { /* it would be scanned as the program's memory */
    lc_sys2(SYS_munmap, start, bytes);
    return NULL;
  }
  return (void *)start;
}

void lc_unmap(void *start, size_t bytes) {
  bytes = (bytes + LC_PAGE - 1) & ~(LC_PAGE - 1);
  uint64_t signals = lc_lock_quietly(&own_lock);
  for (size_t i = 0; i < own_count; i++) {
    if (own[i].lo == (uintptr_t)start) {
      own[i] = own[--own_count];
      break;
    }
  }
  lc_unlock_quietly(&own_lock, signals);
  lc_sys2(SYS_munmap, start, bytes);
}

/* Without an exit signal: the program's SIGCHLD handlers and waits never see this child. An
 * emulator of user programs (qemu-user) can make no such copy. */
long lc_copy_process(void) {
  long child = lc_sys6(SYS_clone, 0, 0, 0, 0, 0, 0);
  return child == -EINVAL ? lc_sys6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0) : child;
}

void lc_memory_alone(void) { lc_unlock(&own_lock); }

size_t lc_own_ranges(const struct lc_range **out) {
  *out = own;
  return own_count;
}
