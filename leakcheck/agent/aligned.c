/* The aligned allocation functions are interposed for one reason: tcmalloc rounds the size up to
 * the alignment before it calls the hook, and a report must say what was asked for.
 * Called instead of tcmalloc's functions: may allocate through them, and nowhere else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

#include "agent.h"

#define EXPORTED __attribute__((visibility("default")))

__thread struct lc_request lc_aligned __attribute__((tls_model("initial-exec")));

static void *real(void **cached, const char *name) {
  if (*cached == NULL) {
    *cached = dlsym(RTLD_NEXT, name);
  }
  return *cached;
}

/* What the hook does not take (the call failed, or the allocator has another way in) must not
 * stay for the next allocation. An operator new that throws leaves it; the hook then sees
 * that it does not fit. */
#define WITH_REQUEST(alignment, bytes, call)                                                       \
  lc_aligned = (struct lc_request){true, (alignment), (bytes)};                                    \
  call;                                                                                            \
  lc_aligned.is_set = false

#define ALIGNED_FUNCTION(name)                                                                     \
  EXPORTED void *name(size_t alignment, size_t bytes) {                                            \
    static void *cached;                                                                           \
    void *(*function)(size_t, size_t) = real(&cached, #name);                                      \
    void *result;                                                                                  \
    WITH_REQUEST(alignment, bytes, result = function(alignment, bytes));                           \
    return result;                                                                                 \
  }

/* operator new(size_t, std::align_val_t) and its array form */
#define ALIGNED_NEW(name)                                                                          \
  EXPORTED void *name(size_t bytes, size_t alignment);                                             \
  EXPORTED void *name(size_t bytes, size_t alignment) {                                            \
    static void *cached;                                                                           \
    void *(*function)(size_t, size_t) = real(&cached, #name);                                      \
    void *result;                                                                                  \
    WITH_REQUEST(alignment, bytes, result = function(bytes, alignment));                           \
    return result;                                                                                 \
  }

/* the same with const std::nothrow_t & */
#define ALIGNED_NEW_NOTHROW(name)                                                                  \
  EXPORTED void *name(size_t bytes, size_t alignment, const void *tag);                            \
  EXPORTED void *name(size_t bytes, size_t alignment, const void *tag) {                           \
    static void *cached;                                                                           \
    void *(*function)(size_t, size_t, const void *) = real(&cached, #name);                        \
    void *result;                                                                                  \
    WITH_REQUEST(alignment, bytes, result = function(bytes, alignment, tag));                      \
    return result;                                                                                 \
  }

EXPORTED void *memalign(size_t alignment, size_t bytes);

ALIGNED_FUNCTION(memalign)
ALIGNED_FUNCTION(aligned_alloc)
ALIGNED_NEW(_ZnwmSt11align_val_t)
ALIGNED_NEW(_ZnamSt11align_val_t)
ALIGNED_NEW_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t)
ALIGNED_NEW_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t)

EXPORTED int posix_memalign(void **block, size_t alignment, size_t bytes) {
  static void *cached;
  int (*function)(void **, size_t, size_t) = real(&cached, "posix_memalign");
  int result;
  WITH_REQUEST(alignment, bytes, result = function(block, alignment, bytes));
  return result;
}

EXPORTED void *valloc(size_t bytes) {
  static void *cached;
  void *(*function)(size_t) = real(&cached, "valloc");
  void *result;
  WITH_REQUEST(4096, bytes, result = function(bytes));
  return result;
}
