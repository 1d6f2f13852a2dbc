/* Holds a block from a mapping with a guard page in its middle, and loses another one. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define GUARD_INSTALL 102 /* MADV_GUARD_INSTALL of Linux 6.13; before that, nothing is guarded */

int main(void) {
  char *memory =
      mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 2;
  void **last = (void **)(memory + 2 * PAGE);
  *last = malloc(222);
  memset(*last, 1, 222);
  madvise(memory + PAGE, PAGE, GUARD_INSTALL);
  void *volatile lost = malloc(333);
  lost = NULL;
  return lost != NULL;
}
