/* Stands in for tcmalloc where there is none to load: its hooks, and an allocator that never gives
 * the same memory twice. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

typedef void (*new_hook)(const void *block, size_t bytes);
typedef void (*delete_hook)(const void *block);

static new_hook on_new;
static delete_hook on_delete;

int MallocHook_AddNewHook(new_hook hook) {
  on_new = hook;
  return 1;
}

int MallocHook_AddDeleteHook(delete_hook hook) {
  on_delete = hook;
  return 1;
}

#define ROOM ((size_t)256 << 20)

static char *arena(void) {
  static char *memory;
  char *known = __atomic_load_n(&memory, __ATOMIC_ACQUIRE), *none = NULL;
  if (known == NULL) {
    known = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (!__atomic_compare_exchange_n(&memory, &none, known, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
      munmap(known, ROOM);
      known = none;
    }
  }
  return known;
}

/* The size stands before the block. */
static void *take(size_t alignment, size_t bytes) {
  static size_t used;
  size_t wanted = bytes + alignment + 2 * sizeof(size_t);
  size_t at = __atomic_fetch_add(&used, wanted, __ATOMIC_RELAXED);
  if (at + wanted > ROOM) {
    errno = ENOMEM;
    return NULL;
  }
  uintptr_t lowest = (uintptr_t)arena() + at + sizeof(size_t);
  uintptr_t block = (lowest + alignment - 1) & ~(uintptr_t)(alignment - 1);
  ((size_t *)block)[-1] = bytes;
  if (on_new != NULL) {
    on_new((void *)block, bytes);
  }
  return (void *)block;
}

void *malloc(size_t bytes) { return take(16, bytes); }
void *calloc(size_t count, size_t bytes) { return take(16, count * bytes); }
void *memalign(size_t alignment, size_t bytes) { return take(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return take(alignment, bytes); }

void free(void *block) {
  if (block != NULL && on_delete != NULL) {
    on_delete(block);
  }
}

void *realloc(void *block, size_t bytes) {
  void *larger = take(16, bytes);
  if (block != NULL && larger != NULL) {
    size_t known = ((size_t *)block)[-1];
    memcpy(larger, block, known < bytes ? known : bytes);
    free(block);
  }
  return larger;
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
  *block = take(alignment, bytes);
  return *block == NULL ? ENOMEM : 0;
}
