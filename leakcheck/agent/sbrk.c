/* tcmalloc gets no memory from the program break: there, in a program linked at a fixed low
 * address, small integers look like pointers to blocks and would hold them. It then maps its
 * memory far up. The program's own use of sbrk goes on to libc.
 * Called inside the allocator: allocates nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#include "agent.h"

typedef void *(*sbrk_function)(intptr_t increment);

static sbrk_function real_sbrk;

void lc_sbrk_start(void) { real_sbrk = (sbrk_function)dlsym(RTLD_NEXT, "__sbrk"); }

__attribute__((visibility("default"))) void *sbrk(intptr_t increment) {
  bool is_tcmalloc =
      lc_in_image(lc_tcmalloc_image, (uintptr_t)__builtin_return_address(0)) && increment > 0;
  if (is_tcmalloc || real_sbrk == NULL) {
    errno = ENOMEM;
    return (void *)-1;
  }
  return real_sbrk(increment);
}
