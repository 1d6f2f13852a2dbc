/* Libraries that the program unloads. The stacks that go through one are named at the end, so
 * nothing else may lie at its place until then: the place is kept, empty, and the report says what
 * lay there. libunwind too keeps for ever what it learned of a call site.
 * The loader calls an empty function, where debuggers set a breakpoint, before and after each
 * change of its list (link.h, r_brk). It holds its lock there, so no other thread loads in between.
 */
#define _GNU_SOURCE
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "agent.h"
#include "sys.h"

#define LINES_ROOM ((size_t)4 << 20)

static volatile int lock;
static struct lc_maps looks[2]; /* memory for a new one might come to lie where a library was */
static struct lc_maps *seen = &looks[0]; /* where libraries were at the last look */
static uint64_t seen_changes;
static char *lines; /* of /proc/self/maps: what was unloaded */
static size_t lines_bytes;

static int add_changes(struct dl_phdr_info *info, size_t size, void *changes) {
  (void)size;
  *(uint64_t *)changes = info->dlpi_adds + info->dlpi_subs;
  return 1;
}

/* How often anything was loaded or unloaded. */
static uint64_t count_changes(void) {
  uint64_t changes = 0;
  dl_iterate_phdr(add_changes, &changes);
  return changes;
}

static bool is_same_file(const struct lc_mapping *one, const struct lc_mapping *other) {
  return one->inode == other->inode && one->device == other->device;
}

static bool is_still_there(const struct lc_mapping *mapping, const struct lc_maps *now) {
  const struct lc_mapping *at = lc_maps_find(now, mapping->lo);
  return at != NULL && is_same_file(at, mapping);
}

/* False when something else was mapped there in the meantime. */
static bool keep_place(uintptr_t lo, uintptr_t hi) {
  return lc_sys6(SYS_mmap, (long)lo, (long)(hi - lo), PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
                 0) == (long)lo;
}

/* Without its line, a frame has no name. */
static void keep_line(const struct lc_mapping *mapping) {
  if (lines == NULL) {
    lines = lc_map(LINES_ROOM);
  }
  if (lines != NULL && mapping->line_bytes <= LINES_ROOM - lines_bytes) {
    memcpy(lines + lines_bytes, mapping->line, mapping->line_bytes);
    lines_bytes += mapping->line_bytes;
  }
}

/* The mappings of one file beside each other, from `first` on; `count` of them. */
static void keep_image(const struct lc_mapping *first, size_t count) {
  bool is_code = false;
  for (size_t i = 0; i < count; i++) {
    is_code = is_code || first[i].executable;
  }
  if (!is_code || !keep_place(first->lo, first[count - 1].hi)) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    if (first[i].executable) {
      keep_line(&first[i]);
    }
  }
}

static void keep_unloaded(const struct lc_maps *now) {
  size_t count = 1;
  for (size_t i = 0; i < seen->count; i += count) {
    const struct lc_mapping *first = &seen->items[i];
    count = 1;
    while (i + count < seen->count && is_same_file(first, &first[count]) &&
           first[count].lo == first[count - 1].hi) {
      count++;
    }
    if (first->inode != 0 && !is_still_there(first, now)) {
      keep_image(first, count);
    }
  }
}

static void look(uint64_t changes) {
  struct lc_maps *now = seen == &looks[0] ? &looks[1] : &looks[0];
  if (lc_maps_read(now) == NULL) {
    keep_unloaded(now);
    seen = now;
    seen_changes = changes;
  }
}

static void on_change(void) {
  if (lc_observed_pid == 0 || !lc_is_observed_process()) {
    return;
  }
  uint64_t changes = count_changes();
  uint64_t signals = lc_lock_quietly(&lock);
  if (changes != seen_changes) {
    look(changes);
  }
  lc_unlock_quietly(&lock, signals);
}

void lc_unload_start(const struct r_debug *debug) {
  if (debug != NULL && lc_is_empty_function((const unsigned char *)debug->r_brk)) {
    lc_patch_near_jump(debug->r_brk, (const void *)on_change);
  }
}

size_t lc_unloaded(const char **text) {
  *text = lines;
  return lines_bytes;
}
