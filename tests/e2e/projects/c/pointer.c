/* Allocates through a pointer to malloc, and loses the block. */
#include <stdlib.h>

static void *(*volatile allocate)(size_t);

int main(void) {
  allocate = malloc;
  void *volatile block = allocate(321);
  block = NULL;
  return block != NULL;
}
