/* Which test a goroutine works for. Called in the hooks with lc_guard set.
 * A test's own goroutine has testing.tRunner(t, fn) on its stack; the Go compiler keeps `t`
 * in its argument's place, right above the frame, so its name can be read there. A goroutine
 * that a test started belongs to the test of the goroutine that started it, when that one
 * is known. */
#include <string.h>

#include "agent.h"
#include "sys.h"

#define MAX_TESTS 65535u
#define GOROUTINES (1u << 16)
#define MAX_NAME 4096u

struct name {
  uint32_t bytes;
  char text[];
};

static const struct name *names[MAX_TESTS + 1]; /* from 1 */
static uint32_t name_count;
static char *chunk;
static size_t chunk_left;
static volatile int lock;

static struct {
  uint64_t goroutine;
  uint32_t test;
} owners[GOROUTINES];
static uint32_t owner_count;

static __thread uint32_t last_test __attribute__((tls_model("initial-exec")));
static __thread uint64_t last_goroutine __attribute__((tls_model("initial-exec")));
static __thread uint32_t last_owner __attribute__((tls_model("initial-exec")));

static bool is_named(uint32_t test, const char *text, size_t bytes) {
  return test != 0 && names[test]->bytes == bytes && memcmp(names[test]->text, text, bytes) == 0;
}

static struct name *reserve(size_t bytes) {
  size_t wanted = (sizeof(struct name) + bytes + 7) & ~(size_t)7;
  if (wanted > chunk_left) {
    chunk_left = (size_t)1 << 16;
    chunk = lc_map(chunk_left);
    chunk_left = chunk == NULL ? 0 : chunk_left;
  }
  if (wanted > chunk_left) {
    return NULL;
  }
  struct name *name = (struct name *)(void *)chunk;
  chunk += wanted;
  chunk_left -= wanted;
  return name;
}

static uint32_t add_locked(const char *text, size_t bytes) {
  for (uint32_t test = name_count; test > 0; test--) { /* the newest is the likeliest */
    if (is_named(test, text, bytes)) {
      return test;
    }
  }
  struct name *name = name_count < MAX_TESTS ? reserve(bytes) : NULL;
  if (name == NULL) {
    return 0;
  }
  name->bytes = (uint32_t)bytes;
  memcpy(name->text, text, bytes);
  names[name_count + 1] = name;
  return ++name_count;
}

uint32_t lc_test_named(const char *text, size_t bytes) {
  if (text == NULL || bytes == 0 || bytes > MAX_NAME) {
    return 0;
  }
  if (!is_named(last_test, text, bytes)) {
    uint64_t signals = lc_lock_quietly(&lock);
    last_test = add_locked(text, bytes);
    lc_unlock_quietly(&lock, signals);
  }
  return last_test;
}

const char *lc_test_name(uint32_t test, size_t *bytes) {
  *bytes = names[test]->bytes;
  return names[test]->text;
}

static uint32_t slot_of(uint64_t goroutine) {
  uint32_t at = (uint32_t)(goroutine * 0x9e3779b97f4a7c15u >> 40) & (GOROUTINES - 1);
  while (owners[at].goroutine != 0 && owners[at].goroutine != goroutine) {
    at = (at + 1) & (GOROUTINES - 1);
  }
  return at;
}

static void keep_owner(uint64_t goroutine, uint32_t test) {
  uint32_t at = slot_of(goroutine);
  if (owners[at].goroutine == 0) {
    if (owner_count >= GOROUTINES * 3 / 4) {
      return; /* its children will go by their creator's name alone */
    }
    owner_count++;
  }
  owners[at].goroutine = goroutine;
  owners[at].test = test;
}

/* True once for each goroutine whose test is unknown. */
bool lc_is_new_goroutine(uint64_t goroutine) {
  static __thread uint64_t last __attribute__((tls_model("initial-exec")));
  if (goroutine == last) {
    return false;
  }
  last = goroutine;
  uint64_t signals = lc_lock_quietly(&lock);
  bool is_new = owners[slot_of(goroutine)].goroutine == 0;
  if (is_new) {
    keep_owner(goroutine, 0);
  }
  lc_unlock_quietly(&lock, signals);
  return is_new;
}

uint32_t lc_test_of_goroutine(uint64_t goroutine, uint64_t parent, uint32_t own_test) {
  if (goroutine == last_goroutine && (own_test == 0 || own_test == last_owner)) {
    return last_owner;
  }
  uint64_t signals = lc_lock_quietly(&lock);
  uint32_t test = own_test;
  if (test == 0) {
    test = owners[slot_of(goroutine)].test;
  }
  if (test == 0 && parent != 0) {
    test = owners[slot_of(parent)].test;
  }
  if (test != 0) {
    keep_owner(goroutine, test);
  }
  lc_unlock_quietly(&lock, signals);
  last_goroutine = goroutine;
  last_owner = test;
  return test;
}
