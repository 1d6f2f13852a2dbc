#define _GNU_SOURCE
#include "native.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *current_setting; /* what the program works with */

void leak_malloc(size_t bytes) {
  char *block = malloc(bytes);
  memset(block, 1, bytes);
  use(block);
}

void leak_calloc(size_t count, size_t bytes) { use(calloc(count, bytes)); }

void leak_realloc(size_t before, size_t after) {
  char *block = malloc(before);
  use(block);
  block = realloc(block, after);
  use(block);
}

void leak_posix_memalign(size_t alignment, size_t bytes) {
  void *block = NULL;
  if (posix_memalign(&block, alignment, bytes) == 0) {
    use(block);
  }
}

void leak_aligned_alloc(size_t alignment, size_t bytes) { use(aligned_alloc(alignment, bytes)); }

void leak_strdup(const char *text) { use(strdup(text)); }

void leak_asprintf(int number) {
  char *text = NULL;
  if (asprintf(&text, "number %d", number) > 0) {
    use(text);
  }
}

void leak_directory(const char *path) { use(opendir(path)); }

void overwrite_global(size_t lost, size_t kept) {
  current_setting = malloc(lost);
  use(current_setting);
  current_setting = malloc(kept);
  use(current_setting);
}

void leak_after_churn(int rounds, size_t bytes) {
  void *held[64] = {NULL};
  unsigned random = 1;
  for (int i = 0; i < rounds; i++) {
    random = random * 1103515245u + 12345u;
    unsigned at = random >> 16 & 63;
    free(held[at]);
    held[at] = malloc(random >> 8 & 2047);
    use(held[at]);
  }
  for (int i = 0; i < 64; i++) {
    free(held[i]);
  }
  for (int i = 0; i < 3; i++) {
    leak_malloc(bytes);
  }
}
