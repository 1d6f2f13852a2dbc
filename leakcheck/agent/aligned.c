/* The aligned allocation functions are interposed for one reason: tcmalloc rounds the size up to
 * the alignment before it calls the hook, and a report must say what was asked for.
 * Called instead of tcmalloc's functions: may allocate through them, and nowhere else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

#include "agent.h"

#define EXPORTED __attribute__((visibility("default")))

__thread struct lc_request lc_aligned __attribute__((tls_model("initial-exec")));

/* Looked up at the start of the program: a look-up in the middle of it would change what its
 * own dlerror() says, and free the message it was given. */
enum { MEMALIGN, ALIGNED_ALLOC, NEW, NEW_ARRAY, NEW_NOTHROW, NEW_ARRAY_NOTHROW, POSIX, VALLOC };
static const char *const names[] = {
    [MEMALIGN] = "memalign",
    [ALIGNED_ALLOC] = "aligned_alloc",
    [NEW] = "_ZnwmSt11align_val_t",
    [NEW_ARRAY] = "_ZnamSt11align_val_t",
    [NEW_NOTHROW] = "_ZnwmSt11align_val_tRKSt9nothrow_t",
    [NEW_ARRAY_NOTHROW] = "_ZnamSt11align_val_tRKSt9nothrow_t",
    [POSIX] = "posix_memalign",
    [VALLOC] = "valloc",
};
#define NAMES (sizeof names / sizeof names[0])
static void *found[NAMES];

static void *real(size_t index) {
  if (found[index] == NULL) { /* the loader allocates before the start */
    found[index] = dlsym(RTLD_NEXT, names[index]);
  }
  return found[index];
}

void lc_aligned_start(void) {
  for (size_t i = 0; i < NAMES; i++) {
    real(i);
  }
}

/* What the hook does not take (the call failed, or the allocator has another way in) must not
 * stay for the next allocation. An operator new that throws leaves it; the hook then sees
 * that it does not fit. */
#define WITH_REQUEST(alignment, bytes, call)                                                       \
  lc_aligned = (struct lc_request){true, (alignment), (bytes)};                                    \
  call;                                                                                            \
  lc_aligned.is_set = false

#define ALIGNED_FUNCTION(name, index)                                                              \
  EXPORTED void *name(size_t alignment, size_t bytes) {                                            \
    void *(*function)(size_t, size_t) = real(index);                                               \
    void *result;                                                                                  \
    WITH_REQUEST(alignment, bytes, result = function(alignment, bytes));                           \
    return result;                                                                                 \
  }

/* operator new(size_t, std::align_val_t) and its array form */
#define ALIGNED_NEW(name, index)                                                                   \
  EXPORTED void *name(size_t bytes, size_t alignment);                                             \
  EXPORTED void *name(size_t bytes, size_t alignment) {                                            \
    void *(*function)(size_t, size_t) = real(index);                                               \
    void *result;                                                                                  \
    WITH_REQUEST(alignment, bytes, result = function(bytes, alignment));                           \
    return result;                                                                                 \
  }

/* the same with const std::nothrow_t & */
#define ALIGNED_NEW_NOTHROW(name, index)                                                           \
  EXPORTED void *name(size_t bytes, size_t alignment, const void *tag);                            \
  EXPORTED void *name(size_t bytes, size_t alignment, const void *tag) {                           \
    void *(*function)(size_t, size_t, const void *) = real(index);                                 \
    void *result;                                                                                  \
    WITH_REQUEST(alignment, bytes, result = function(bytes, alignment, tag));                      \
    return result;                                                                                 \
  }

EXPORTED void *memalign(size_t alignment, size_t bytes);

ALIGNED_FUNCTION(memalign, MEMALIGN)
ALIGNED_FUNCTION(aligned_alloc, ALIGNED_ALLOC)
ALIGNED_NEW(_ZnwmSt11align_val_t, NEW)
ALIGNED_NEW(_ZnamSt11align_val_t, NEW_ARRAY)
ALIGNED_NEW_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t, NEW_NOTHROW)
ALIGNED_NEW_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t, NEW_ARRAY_NOTHROW)

EXPORTED int posix_memalign(void **block, size_t alignment, size_t bytes) {
  int (*function)(void **, size_t, size_t) = real(POSIX);
  int result;
  WITH_REQUEST(alignment, bytes, result = function(block, alignment, bytes));
  return result;
}

EXPORTED void *valloc(size_t bytes) {
  void *(*function)(size_t) = real(VALLOC);
  void *result;
  WITH_REQUEST(4096, bytes, result = function(bytes));
  return result;
}
