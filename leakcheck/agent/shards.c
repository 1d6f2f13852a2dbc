/* Where blocks are kept that stay in use: address -> size, stack, sequence. Called by table.c, with
 * the address's cell locked: whoever holds all cells holds all shards. No malloc.
 * Sharded open addressing with linear probing; removal shifts back, so there are no tombstones and
 * a lookup never slows down with age. */
#include "agent.h"
#include "sys.h"

#define SHARD_BITS 6
#define SHARDS (1u << SHARD_BITS)
#define FIRST_SLOTS 128u

struct shard {
  volatile int lock;
  struct lc_block *slots;
  size_t slot_count, used;
} __attribute__((aligned(64)));

static struct shard shards[SHARDS];

static uint64_t mix(uintptr_t address) { return (address >> 3) * 0x9e3779b97f4a7c15u; }
static struct shard *shard_of(uintptr_t address) {
  return &shards[mix(address) >> (64 - SHARD_BITS)];
}
/* In order of the hash, at any size: so a shard can grow by a quarter, and block after block. The
 * bits that chose the shard are alike in it, and left out. */
static size_t home_of(const struct shard *shard, uintptr_t address) {
  return (size_t)((mix(address) >> (32 - SHARD_BITS) & UINT32_MAX) * shard->slot_count >> 32);
}
static size_t next_of(const struct shard *shard, size_t at) {
  return at + 1 == shard->slot_count ? 0 : at + 1;
}
static size_t distance(const struct shard *shard, size_t from, size_t to) {
  return to >= from ? to - from : to + shard->slot_count - from;
}

/* False where one at the same address gives way: it was freed unseen. */
static bool place(struct shard *shard, const struct lc_block *block) {
  size_t at = home_of(shard, block->address);
  while (shard->slots[at].address != 0 && shard->slots[at].address != block->address) {
    at = next_of(shard, at);
  }
  bool is_new = shard->slots[at].address == 0;
  shard->used += is_new;
  shard->slots[at] = *block;
  return is_new;
}

static bool grow(struct shard *shard) {
  size_t old_count = shard->slot_count;
  struct lc_block *old = shard->slots;
  size_t count = old_count == 0 ? FIRST_SLOTS : old_count + old_count / 4;
  struct lc_block *slots = lc_map(count * sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  shard->slots = slots;
  shard->slot_count = count;
  shard->used = 0;
  for (size_t i = 0; i < old_count; i++) {
    if (old[i].address != 0) {
      place(shard, &old[i]);
    }
  }
  if (old != NULL) {
    lc_unmap(old, old_count * sizeof *old);
  }
  return true;
}

/* At most 4/5 full: between 30 and 38 bytes a live block. */
static bool has_room(struct shard *shard) {
  return (shard->used + 1) * 5 <= shard->slot_count * 4 || grow(shard);
}

/* All shards are counted only when this one has its share. */
static bool is_at_limit(const struct shard *shard) {
  uint64_t limit = (uint64_t)lc_config.max_blocks;
  return limit != 0 && shard->used >= limit / SHARDS && lc_shards_used() >= limit;
}

enum lc_kept lc_shards_add(const struct lc_block *block) {
  struct shard *shard = shard_of(block->address);
  enum lc_kept kept = LC_KEPT;
  lc_lock(&shard->lock);
  if (is_at_limit(shard)) {
    kept = LC_OVER_LIMIT;
  } else if (!has_room(shard)) {
    kept = LC_NO_MEMORY;
  } else if (!place(shard, block)) {
    kept = LC_REPLACED;
  }
  lc_unlock(&shard->lock);
  return kept;
}

static void close_gap(struct shard *shard, size_t gap) {
  for (size_t at = next_of(shard, gap); shard->slots[at].address != 0; at = next_of(shard, at)) {
    size_t home = home_of(shard, shard->slots[at].address);
    if (distance(shard, home, at) >= distance(shard, gap, at)) {
      shard->slots[gap] = shard->slots[at];
      gap = at;
    }
  }
  shard->slots[gap].address = 0;
}

static struct lc_block *find(struct shard *shard, uintptr_t address) {
  if (shard->slot_count == 0) {
    return NULL;
  }
  size_t at = home_of(shard, address);
  while (shard->slots[at].address != 0 && shard->slots[at].address != address) {
    at = next_of(shard, at);
  }
  return shard->slots[at].address != 0 ? &shard->slots[at] : NULL;
}

const struct lc_block *lc_shards_find(uintptr_t address) {
  return find(shard_of(address), address);
}

bool lc_shards_remove(uintptr_t address, size_t *bytes) {
  struct shard *shard = shard_of(address);
  lc_lock(&shard->lock);
  struct lc_block *block = find(shard, address);
  bool is_known = block != NULL;
  if (is_known) {
    *bytes = block->bytes;
    shard->used--;
    close_gap(shard, (size_t)(block - shard->slots));
  }
  lc_unlock(&shard->lock);
  return is_known;
}

uint64_t lc_shards_used(void) {
  uint64_t used = 0;
  for (unsigned i = 0; i < SHARDS; i++) {
    used += __atomic_load_n(&shards[i].used, __ATOMIC_RELAXED);
  }
  return used;
}

void lc_shards_each(void (*visit)(const struct lc_block *block, void *context), void *context) {
  for (unsigned i = 0; i < SHARDS; i++) {
    for (size_t at = 0; at < shards[i].slot_count; at++) {
      if (shards[i].slots[at].address != 0) {
        visit(&shards[i].slots[at], context);
      }
    }
  }
}
