/* Numbers and paths written without libc, and this process's maps as the agent reads them. */
#define _GNU_SOURCE
#include "harness.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_file(const char *folder, const char *name, const char *content) {
  char path[5000], got[400000] = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  EXPECT(file != NULL);
  got[fread(got, 1, sizeof got - 1, file)] = '\0';
  fclose(file);
  EXPECT(strcmp(got, content) == 0);
}

static void check_text(const char *folder, uint64_t *state) {
  static struct lc_out out;
  static char expected[300000];
  size_t used = 0;
  EXPECT(lc_out_open(&out, "numbers"));
  while (used < sizeof expected - 100) { /* more than the buffer of 64 KiB */
    uint64_t number = random_word(state) >> below(state, 64);
    int width = (int)below(state, 25);
    lc_put_number(&out, number, width);
    lc_put(&out, " ");
    lc_put_hex(&out, number);
    lc_put(&out, "\n");
    used += (size_t)snprintf(expected + used, sizeof expected - used, "%*llu 0x%016llx\n", width,
                             (unsigned long long)number, (unsigned long long)number);
  }
  EXPECT(lc_out_close(&out, "numbers"));
  expect_file(folder, "numbers", expected);
  EXPECT(!lc_out_open(&out, "no/such/folder"));
}

static void check_paths(uint64_t *state) {
  char path[64], name[200] = {0};
  memset(name, 'n', below(state, sizeof name));
  lc_in_run_dir(path, sizeof path, name, ".tmp");
  EXPECT(strlen(path) < sizeof path);
}

static void check_maps(void) {
  static struct lc_maps maps;
  int here = 0;
  EXPECT(lc_maps_read(&maps) == NULL);
  EXPECT(maps.count > 5);
  const struct lc_mapping *stack = lc_maps_find(&maps, (uintptr_t)&here);
  EXPECT(stack != NULL && stack->readable && stack->writable && !stack->executable);
  const struct lc_mapping *code = lc_maps_find(&maps, (uintptr_t)check_maps);
  EXPECT(code != NULL && code->executable && code->inode != 0);
  EXPECT(lc_maps_find(&maps, 1) == NULL);
  for (size_t i = 1; i < maps.count; i++) {
    EXPECT(maps.items[i - 1].hi <= maps.items[i].lo);
  }
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t state = seed | 1;
  char folder[] = "/tmp/agent-text-XXXXXX";
  EXPECT(mkdtemp(folder) != NULL);
  snprintf(lc_config.run_dir, sizeof lc_config.run_dir, "%s", folder);
  check_text(folder, &state);
  check_paths(&state);
  check_maps();
  char path[5000];
  snprintf(path, sizeof path, "%s/numbers", folder);
  unlink(path);
  rmdir(folder);
  return 0;
}
