/* Its own symbols go before tcmalloc's: the checker fails as argv[1] says. Ends with 4. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how = "", *mark = "";

static bool is(const char *other) { return strcmp(how, other) == 0; }

/* Called first, and waits like a lock that a stopped thread holds: for good, or only once. */
__attribute__((visibility("default"))) bool _ZN15HeapLeakChecker8IsActiveEv(void) {
  while (is("locked") || (is("locked once") && open(mark, O_CREAT | O_EXCL, 0600) >= 0)) {
    pause();
  }
  return true;
}

__attribute__((visibility("default"))) bool _ZN15HeapLeakChecker13NoGlobalLeaksEv(void) {
  if (is("abort")) {
    abort();
  }
  if (is("fault")) {
    *(volatile int *)8 = 0;
  }
  return true; /* "no leaks", not even the canary */
}

int main(int argc, char **argv) {
  how = argc > 1 ? argv[1] : how;
  mark = argc > 2 ? argv[2] : mark;
  return 4;
}
