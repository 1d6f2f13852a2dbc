/* Stacks, each stored once and named by a 32-bit id. Called in the hooks: no malloc,
 * no lock but our own around the insertion of a stack not seen before. */
#include "agent.h"
#include "sys.h"

#define BUCKETS (1u << 18)
#define CHUNK_WORDS (1u << 17) /* an id is a word index: 1 MiB chunks */
#define CHUNKS 16384u

static uint32_t buckets[BUCKETS];
static uintptr_t *chunks[CHUNKS];
static uint32_t next_word = 8; /* 0 means "no stack" */
static uint32_t stack_count;
static volatile int lock;

struct lc_stack *lc_depot_get(uint32_t id) {
  return (struct lc_stack *)(void *)(chunks[id / CHUNK_WORDS] + id % CHUNK_WORDS);
}

static uint32_t hash_of(const uintptr_t *frames, uint32_t count, uint32_t test) {
  uint64_t hash = 0x9e3779b97f4a7c15u ^ count ^ (uint64_t)test << 32;
  for (uint32_t i = 0; i < count; i++) {
    hash = (hash ^ frames[i]) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
  }
  return (uint32_t)hash;
}

bool lc_depot_ends(uint32_t id, uint32_t others, const uintptr_t *frames, uint32_t count,
                   uint32_t test) {
  const struct lc_stack *stack = lc_depot_get(id);
  if (stack->count != others + count || stack->test != test) {
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    if (stack->frames[others + i] != frames[i]) {
      return false;
    }
  }
  return true;
}

static uint32_t find(uint32_t head, uint32_t hash, const uintptr_t *frames, uint32_t count,
                     uint32_t test) {
  for (uint32_t id = head; id != 0;) {
    const struct lc_stack *stack = lc_depot_get(id);
    if (stack->hash == hash && lc_depot_ends(id, 0, frames, count, test)) {
      return id;
    }
    id = stack->next;
  }
  return 0;
}

/* With the lock held: room for a stack, in one chunk. */
static uint32_t reserve(uint32_t words) {
  if (next_word % CHUNK_WORDS + words > CHUNK_WORDS) {
    next_word = (next_word / CHUNK_WORDS + 1) * CHUNK_WORDS;
  }
  uint32_t chunk = next_word / CHUNK_WORDS;
  if (chunk >= CHUNKS) {
    return 0;
  }
  if (chunks[chunk] == NULL) {
    uintptr_t *memory = lc_map(CHUNK_WORDS * sizeof(uintptr_t));
    if (memory == NULL) {
      return 0;
    }
    __atomic_store_n(&chunks[chunk], memory, __ATOMIC_RELEASE);
  }
  uint32_t id = next_word;
  next_word += words;
  return id;
}

uint32_t lc_depot_put(const uintptr_t *frames, uint32_t count, uint32_t test) {
  uint32_t hash = hash_of(frames, count, test);
  uint32_t *bucket = &buckets[hash % BUCKETS];
  uint32_t id = find(__atomic_load_n(bucket, __ATOMIC_ACQUIRE), hash, frames, count, test);
  if (id != 0) {
    return id;
  }
  uint64_t signals = lc_lock_quietly(&lock);
  id = find(*bucket, hash, frames, count, test);
  if (id == 0) {
    uint32_t words = (uint32_t)(sizeof(struct lc_stack) / sizeof(uintptr_t)) + count;
    id = reserve(words);
    if (id != 0) {
      struct lc_stack *stack = lc_depot_get(id);
      stack->next = *bucket;
      stack->hash = hash;
      stack->count = count;
      stack->test = test;
      for (uint32_t i = 0; i < count; i++) {
        stack->frames[i] = frames[i];
      }
      stack_count++;
      __atomic_store_n(bucket, id, __ATOMIC_RELEASE);
    }
  }
  lc_unlock_quietly(&lock, signals);
  return id;
}

uint32_t lc_depot_count(void) { return stack_count; }

void lc_depot_each(void (*visit)(uint32_t id, struct lc_stack *stack, void *context),
                   void *context) {
  for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
    for (uint32_t id = buckets[bucket]; id != 0; id = lc_depot_get(id)->next) {
      visit(id, lc_depot_get(id), context);
    }
  }
}
