#define _GNU_SOURCE
#include "native.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct node {
  struct node *next;
  char *name;
};

struct arena {
  char *blocks[16];
};

char *kept_block;
char *kept_middle;
struct node *kept_list;
struct node **kept_table;
struct arena *kept_arena;
char *kept_until_exit;
FILE *kept_file;
uintptr_t kept_handle;

void keep_in_global(size_t bytes) { kept_block = malloc(bytes); }

void keep_inside_global(size_t bytes) { kept_middle = (char *)malloc(bytes) + bytes / 2; }

static struct node *new_node(int number, struct node *next) {
  struct node *fresh = malloc(sizeof *fresh);
  fresh->next = next;
  if (asprintf(&fresh->name, "node %d", number) < 0) {
    abort();
  }
  return fresh;
}

void keep_list(int nodes) {
  for (int i = 0; i < nodes; i++) {
    kept_list = new_node(i, kept_list);
  }
}

void keep_table(int entries) {
  kept_table = calloc((size_t)entries, sizeof(struct node *));
  for (int i = 0; i < entries; i++) {
    kept_table[i] = new_node(i, NULL);
  }
}

void keep_in_mapping(size_t bytes) {
  kept_arena =
      mmap(NULL, sizeof *kept_arena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 3; i++) {
    kept_arena->blocks[i] = malloc(bytes);
    use(kept_arena->blocks[i]);
  }
}

int keep_in_library(const char *path, size_t bytes) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void (*keep)(size_t) = library != NULL ? (void (*)(size_t))dlsym(library, "plugin_keep") : NULL;
  if (keep == NULL) {
    return 0;
  }
  keep(bytes);
  return 1;
}

static void free_kept(void) { free(kept_until_exit); }

void free_in_exit_handler(size_t bytes) {
  kept_until_exit = malloc(bytes);
  use(kept_until_exit);
  atexit(free_kept);
}

void keep_open_file(const char *path) {
  kept_file = fopen(path, "w");
  fputs("buffered", kept_file);
}

void keep_environment(const char *name, const char *value) { setenv(name, value, 1); }

void keep_handle(uintptr_t handle) { kept_handle = handle; }

void free_handle(uintptr_t handle) { free((void *)handle); }
