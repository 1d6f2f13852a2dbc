/* A program with an allocator of its own, which no preloaded library stands before. */
#include <stddef.h>
#include <string.h>

static _Alignas(16) char memory[1 << 20];
static size_t used;

void *malloc(size_t bytes) {
  char *block = memory + used;
  used += (bytes + 15) & ~(size_t)15;
  return used <= sizeof memory ? block : NULL;
}
void free(void *block) { (void)block; }
void *calloc(size_t count, size_t bytes) { return malloc(count * bytes); }
void *realloc(void *block, size_t bytes) {
  void *fresh = malloc(bytes);
  return block == NULL || fresh == NULL ? fresh : memcpy(fresh, block, bytes);
}

int main(void) {
  volatile char *lost = malloc(121);
  lost[0] = 1;
  return 0;
}
