/* Loses argv[1] blocks of argv[2] bytes, and says what it was given. */
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) void lose(size_t bytes) {
  __asm__ volatile("" : : "r"(malloc(bytes)) : "memory");
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    printf("argument %d: <%s>\n", i, argv[i]);
  }
  int count = argc > 1 ? atoi(argv[1]) : 1;
  size_t bytes = argc > 2 ? (size_t)atol(argv[2]) : 24;
  for (int i = 0; i < count; i++) {
    lose(bytes);
  }
  return argc > 3 ? atoi(argv[3]) : 0;
}
