/* realloc is interposed for one reason: the new-hook clears each fresh block (hooks.c), and
 * when realloc grows a block in place the hook is called for a block that is not fresh.
 * Called instead of tcmalloc's realloc: may allocate through it, and nowhere else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

typedef void *(*realloc_function)(void *block, size_t bytes);
static realloc_function real_realloc;

__thread bool lc_in_realloc __attribute__((tls_model("initial-exec")));

/* At the start of the program, as in aligned.c: vasprintf() inside dlerror() reallocates. */
void lc_realloc_start(void) { real_realloc = (realloc_function)dlsym(RTLD_NEXT, "realloc"); }

/* Before tcmalloc's own constructor has run, where other libraries' constructors may be, it answers
 * 0, and makes an object to answer with, which nobody frees. */
static size_t usable_bytes(void *block, size_t if_unknown) {
  lc_guard++;
  size_t bytes = malloc_usable_size(block);
  lc_guard--;
  return bytes != 0 ? bytes : if_unknown;
}

static void *reallocate(void *block, size_t bytes) {
  if (real_realloc == NULL) {
    lc_realloc_start(); /* the loader allocates before the start */
  }
  if (block == NULL) {
    return real_realloc(NULL, bytes);
  }
  bool outer = lc_in_realloc;
  size_t had = lc_observed_pid != 0 ? usable_bytes(block, bytes) : bytes;
  lc_in_realloc = true;
  char *result = real_realloc(block, bytes);
  lc_in_realloc = outer;
  if (result != NULL && result != block && bytes > had) {
    memset(result + had, 0, bytes - had); /* what a former block left there */
  }
  return result;
}

#define EXPORTED __attribute__((visibility("default")))
EXPORTED void *realloc(void *block, size_t bytes) { return reallocate(block, bytes); }
EXPORTED void *tc_realloc(void *block, size_t bytes) { return reallocate(block, bytes); }
EXPORTED void *__libc_realloc(void *block, size_t bytes) { return reallocate(block, bytes); }
