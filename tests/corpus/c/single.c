/* Leaks of one block, or of several that know nothing of each other. */
#define _GNU_SOURCE
#include "corpus.h"

#include <dirent.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

char *current_setting; /* what the program works with */

static void leak_malloc(void) {
  char *block = malloc(101);
  memset(block, 1, 101);
  use(block);
}

static void leak_calloc(void) { use(calloc(11, 13)); }

static void leak_realloc(size_t before, size_t after) {
  char *block = malloc(before);
  use(block);
  block = realloc(block, after);
  use(block);
}

static void leak_realloc_moves(void) { leak_realloc(100, 5000); }
static void leak_realloc_in_place(void) { leak_realloc(1030, 1040); }
static void leak_realloc_shrinks(void) { leak_realloc(5000, 100); }
static void leak_realloc_of_null(void) { use(realloc(NULL, 102)); }
static void leak_reallocarray(void) { use(reallocarray(NULL, 7, 9)); }

static void leak_posix_memalign(void) {
  void *block = NULL;
  if (posix_memalign(&block, 256, 301) == 0) {
    use(block);
  }
}

static void leak_aligned_alloc(void) { use(aligned_alloc(64, 192)); }
static void leak_memalign(void) { use(memalign(32, 33)); }
static void leak_valloc(void) { use(valloc(103)); }
static void leak_strdup(void) { use(strdup("twenty-two characters.")); }
static void leak_strndup(void) { use(strndup("twenty-two characters.", 6)); }

static void leak_asprintf(void) {
  char *text = NULL;
  if (asprintf(&text, "number %d", 12345) > 0) {
    use(text);
  }
}

static void leak_getcwd(void) {
  if (chdir("/") == 0) {
    use(getcwd(NULL, 0));
  }
}

/* As big as the buffer of the open stream: one of them lies right behind it. */
static void leak_behind_buffer(void) {
  fputs("written", fopen("/dev/null", "w"));
  for (int i = 0; i < 4; i++) {
    use(malloc(4096));
  }
}

static void leak_directory(void) { use(opendir("/")); }

static void leak_stream_buffer(void) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *stream = open_memstream(&text, &bytes);
  fputs("twenty-two characters.", stream);
  fclose(stream);
  use(text);
}

static void leak_zero_bytes(void) { use(malloc(0)); }
static void leak_large(void) { use(calloc(5, 1 << 20)); }

static void leak_many(void) {
  for (int i = 0; i < 100000; i++) {
    use(malloc(16));
  }
}

static void overwrite_global(void) {
  current_setting = malloc(111);
  use(current_setting);
  current_setting = malloc(222);
  use(current_setting);
}

static void leak_after_churn(void) {
  void *held[64] = {NULL};
  unsigned random = 1;
  for (int i = 0; i < 100000; i++) {
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
    use(malloc(77));
  }
}

static __attribute__((noinline)) int descend(int depth) {
  if (depth == 0) {
    leak_malloc();
    return 0;
  }
  return descend(depth - 1) + depth;
}

static void leak_deep_down(void) { current_setting += descend(500) - 125250; }

/* Returns early, as error paths do. */
static int read_settings(const char *path) {
  char *line = malloc(104);
  FILE *file = fopen(path, "r");
  use(line);
  if (file == NULL) {
    return -1;
  }
  fclose(file);
  free(line);
  return 0;
}

static void leak_on_error_path(void) {
  if (read_settings("/does/not/exist") == 0) {
    abort();
  }
}

static const struct corpus_case cases[] = {
    {"malloc", leak_malloc},
    {"calloc", leak_calloc},
    {"realloc-moves", leak_realloc_moves},
    {"realloc-in-place", leak_realloc_in_place},
    {"realloc-shrinks", leak_realloc_shrinks},
    {"realloc-of-null", leak_realloc_of_null},
    {"reallocarray", leak_reallocarray},
    {"posix-memalign", leak_posix_memalign},
    {"aligned-alloc", leak_aligned_alloc},
    {"memalign", leak_memalign},
    {"valloc", leak_valloc},
    {"strdup", leak_strdup},
    {"strndup", leak_strndup},
    {"asprintf", leak_asprintf},
    {"getcwd", leak_getcwd},
    {"directory", leak_directory},
    {"stream-buffer", leak_stream_buffer},
    {"behind-buffer", leak_behind_buffer},
    {"zero-bytes", leak_zero_bytes},
    {"large", leak_large},
    {"many", leak_many},
    {"overwritten-global", overwrite_global},
    {"after-churn", leak_after_churn},
    {"deep-down", leak_deep_down},
    {"error-path", leak_on_error_path},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
