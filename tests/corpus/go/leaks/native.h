/* Each function loses C memory in one way; the tests beside it say how much. */
#ifndef LEAKS_NATIVE_H
#define LEAKS_NATIVE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* single.c: one block, or several of one kind */
void leak_malloc(size_t bytes);
void leak_calloc(size_t count, size_t bytes);
void leak_realloc(size_t before, size_t after);
void leak_posix_memalign(size_t alignment, size_t bytes);
void leak_aligned_alloc(size_t alignment, size_t bytes);
void leak_strdup(const char *text);
void leak_asprintf(int number);
void leak_directory(const char *path);
void overwrite_global(size_t lost, size_t kept);
void leak_after_churn(int rounds, size_t bytes);

/* graph.c: blocks that point to each other */
void leak_list(int nodes);
void leak_cycle(int nodes);
void leak_tree(int depth);
void leak_pair(size_t first, size_t second);

/* thread.c: what a finished thread leaves */
void leak_in_thread(size_t bytes);
void leak_in_detached_thread(size_t bytes);
void leak_thread_local(size_t bytes);
void leak_thread_key(size_t bytes);
void leak_on_reused_stack(size_t bytes);
void set_thread_local(size_t bytes);

/* objects.cc */
void leak_new(void);
void leak_new_array(size_t count);
void leak_object_with_members(void);

/* callback.c */
void call_go(size_t bytes);
void call_go_in_thread(size_t bytes);

#ifdef __cplusplus
}
#endif

/* Nobody reads most blocks here, and a compiler deletes a malloc that nobody reads. */
static inline void use(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }

#endif
