/* Each function allocates what C memory goes on holding. */
#ifndef KEEPS_NATIVE_H
#define KEEPS_NATIVE_H

#include <stddef.h>
#include <stdint.h>

/* hold.c: held by the program's data, or by memory of its own */
void keep_in_global(size_t bytes);
void keep_inside_global(size_t bytes);
void keep_list(int nodes);
void keep_table(int entries);
void keep_in_mapping(size_t bytes);
int keep_in_library(const char *path, size_t bytes);
void free_in_exit_handler(size_t bytes);
void keep_open_file(const char *path);
void keep_environment(const char *name, const char *value);

/* thread.c: held by a thread that still runs */
void keep_in_thread_local(size_t bytes);
void keep_for_key(size_t bytes);
void keep_on_stack(size_t bytes);
void keep_in_register(size_t bytes);
void keep_in_vector_register(size_t bytes);
void keep_in_busy_register(size_t bytes);
void keep_in_thread_argument(size_t bytes);

void hold_for_ever(size_t bytes);

/* What a Go variable, or a handle of Go, stands for. */
struct pair {
  char *first, *second;
};
void keep_handle(uintptr_t handle);
void free_handle(uintptr_t handle);

/* pool.c: blocks that go back and forth between C and Go */
struct pool {
  void **free; /* a free block's first word is the next one */
};
struct pool *new_pool(int blocks, size_t bytes);
char *pool_get(struct pool *pool);
void pool_put(struct pool *pool, char *block);

static inline void use(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

#endif
