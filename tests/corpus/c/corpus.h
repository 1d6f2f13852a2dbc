/* Every program here does one of its cases, named by its first argument. */
#ifndef CORPUS_H
#define CORPUS_H

#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct corpus_case {
  const char *name;
  void (*run)(void);
};

static inline int run_case(const struct corpus_case *cases, int argc, char **argv) {
  for (; argc > 1 && cases->name != NULL; cases++) {
    if (strcmp(cases->name, argv[1]) == 0) {
      cases->run();
      return 0;
    }
  }
  fprintf(stderr, "usage: %s CASE\n", argv[0]);
  return 2;
}

/* Nobody reads most blocks here, and a compiler deletes a malloc that nobody reads. */
static inline void use(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

#ifdef __cplusplus
}
#endif

#endif
