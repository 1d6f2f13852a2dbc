/* Memory that the program keeps from its children (MADV_DONTFORK, as RDMA needs it, and
 * MADV_WIPEONFORK): the frozen copy would lack it, and what it holds would seem to be lost. So
 * madvise is interposed to know it, and before the copy is taken it is given to children again. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "agent.h"
#include "sys.h"

#define MOST 4096u

struct kept {
  uintptr_t start;
  size_t bytes;
  int advice;
};

static struct kept kept[MOST];
static size_t count;
static bool is_full;
static volatile int lock;

static bool is_same(const struct kept *one, const struct kept *other) {
  return one->start == other->start && one->bytes == other->bytes && one->advice == other->advice;
}

static void note(const struct kept *what) {
  uint64_t signals = lc_lock_quietly(&lock);
  size_t at = 0;
  while (at < count && !is_same(&kept[at], what)) {
    at++;
  }
  if (at == MOST) {
    is_full = true;
  } else {
    kept[at] = *what;
    count += at == count;
  }
  lc_unlock_quietly(&lock, signals);
}

__attribute__((visibility("default"))) int madvise(void *start, size_t bytes, int advice) {
  long result = lc_sys3(SYS_madvise, start, bytes, advice);
  if (result < 0) {
    errno = (int)-result;
    return -1;
  }
  if (advice == MADV_DONTFORK || advice == MADV_WIPEONFORK) {
    struct kept what = {(uintptr_t)start, bytes, advice};
    note(&what);
  }
  return 0;
}

/* For good: the program is about to end, and other memory may lie there by now. */
bool lc_share_with_copy(void) {
  for (size_t i = 0; i < count; i++) {
    lc_sys3(SYS_madvise, kept[i].start, kept[i].bytes,
            kept[i].advice == MADV_DONTFORK ? MADV_DOFORK : MADV_KEEPONFORK);
  }
  return !is_full;
}
