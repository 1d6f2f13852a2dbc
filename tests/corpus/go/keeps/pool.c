#include "native.h"

#include <stdlib.h>

struct pool *kept_pool;

struct pool *new_pool(int blocks, size_t bytes) {
  kept_pool = calloc(1, sizeof *kept_pool);
  for (int i = 0; i < blocks; i++) {
    pool_put(kept_pool, malloc(bytes));
  }
  return kept_pool;
}

char *pool_get(struct pool *pool) {
  void **block = pool->free;
  pool->free = *block;
  *block = NULL;
  return (char *)block;
}

void pool_put(struct pool *pool, char *block) {
  *(void **)block = pool->free;
  pool->free = (void **)block;
}
