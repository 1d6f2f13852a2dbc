/* Every program here loses one block of 121 bytes and then does as its first argument says, so a
 * verdict "clean" is always a false one. */
#ifndef FAULTS_H
#define FAULTS_H

#include "../../../corpus/c/corpus.h"

#include <stdlib.h>

#define LOST_BYTES 121

__attribute__((noinline)) static void lose(void) {
  char *block = malloc(LOST_BYTES);
  memset(block, 1, LOST_BYTES);
  use(block);
}

static inline void must(int is_done) {
  if (!is_done) {
    perror("set-up of the fault");
    abort();
  }
}

#define RUN(cases) \
  int main(int argc, char **argv) { \
    lose(); \
    return run_case(cases, argc, argv); \
  }

#endif
