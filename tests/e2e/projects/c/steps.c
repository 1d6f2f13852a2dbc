/* Holds 1 MiB more each 20 ms, 40 times; with an argument it then never ends. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *volatile held[40];

__attribute__((noinline)) static void *hold(size_t bytes) { return memset(malloc(bytes), 1, bytes); }

int main(int argc, char **argv) {
  (void)argv;
  for (int i = 0; i < 40; i++) {
    held[i] = hold(1 << 20);
    usleep(20000);
  }
  while (argc > 1)
    pause();
  return 0;
}
