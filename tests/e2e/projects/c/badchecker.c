/* Its own symbol goes before tcmalloc's: the checker fails as argv[1] says. Ends with 4. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *how;

__attribute__((visibility("default"))) bool _ZN15HeapLeakChecker13NoGlobalLeaksEv(void) {
  if (strcmp(how, "abort") == 0) {
    abort();
  }
  if (strcmp(how, "fault") == 0) {
    *(volatile int *)8 = 0;
  }
  return true; /* "no leaks", not even the canary */
}

int main(int argc, char **argv) {
  how = argc > 1 ? argv[1] : "";
  return 4;
}
