/* Go's own account of its live memory: the heap dump that the companion left in the run
 * directory (runtime/heapdump.go, format "go1.7 heap dump";
 * golang.org/wiki/heapdump15-through-heapdump17). Runs in the forked checker: the file is mapped
 * and read once, in order, in bounded memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent.h"
#include "sys.h"

enum {
  END,
  OBJECT,
  OTHER_ROOT,
  TYPE,
  GOROUTINE,
  STACK_FRAME,
  PARAMS,
  FINALIZER,
  ITAB,
  OS_THREAD,
  MEM_STATS,
  QUEUED_FINALIZER,
  DATA,
  BSS,
  DEFER,
  PANIC,
  MEM_PROFILE,
  ALLOC_SAMPLE
};

static const char header[] = "go1.7 heap dump\n";

struct reader {
  const unsigned char *at, *end;
  const unsigned char *kept; /* what lies before it was let go */
  bool bad, no_memory;
  bool in_goroutine; /* its frames, defers and panics follow it */
  bool every_word; /* of objects; else only what Go's type information calls pointers */
  void (*visit)(uintptr_t word);
};

static const unsigned char *dump;
static size_t dump_bytes;

static const char *map_file(const char *path) {
  struct stat facts;
  long fd = lc_sys4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0) {
    return "the companion left no heap dump";
  }
  long result = lc_sys2(SYS_fstat, fd, &facts);
  if (result != 0 || facts.st_size < (long)sizeof header) {
    lc_sys1(SYS_close, fd);
    return "the companion's heap dump is empty";
  }
  dump_bytes = (size_t)facts.st_size;
  result = lc_sys6(SYS_mmap, 0, (long)dump_bytes, PROT_READ, MAP_SHARED, fd, 0);
  lc_sys1(SYS_close, fd);
  if (result < 0 && result > -4096) {
    return "the companion's heap dump cannot be mapped";
  }
  dump = (const unsigned char *)result;
  return NULL;
}

static const char *dump_path(void) {
  static char path[sizeof lc_config.run_dir + 16];
  size_t length = strlen(lc_config.run_dir);
  memcpy(path, lc_config.run_dir, length);
  memcpy(path + length, "/go.heapdump", sizeof "/go.heapdump");
  return path;
}

bool lc_go_dump_is_there(void) { return lc_sys3(SYS_faccessat, AT_FDCWD, dump_path(), 0) == 0; }

/* NULL when there is a whole dump; else why not. */
const char *lc_go_dump_open(void) {
  const char *why = map_file(dump_path());
  if (why == NULL &&
      (memcmp(dump, header, sizeof header - 1) != 0 || dump[dump_bytes - 1] != END)) {
    why = "the companion's heap dump is cut, or of an unknown format";
  }
  if (why != NULL) {
    dump = NULL;
  }
  return why;
}

static uint64_t take(struct reader *from) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && from->at < from->end; shift += 7) {
    unsigned char byte = *from->at++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) {
      return value;
    }
  }
  from->bad = true;
  return 0;
}

static void skip(struct reader *from, int count) {
  while (count-- > 0 && !from->bad) {
    take(from);
  }
}

static const unsigned char *take_bytes(struct reader *from, uint64_t *length) {
  *length = take(from);
  const unsigned char *start = from->at;
  if (from->bad || *length > (uint64_t)(from->end - from->at)) {
    from->bad = true;
    *length = 0;
    return start;
  }
  from->at += *length;
  return start;
}

static void skip_string(struct reader *from) {
  uint64_t length;
  take_bytes(from, &length);
}

/* The pointer fields of `contents`, which follow it. */
static void take_fields(struct reader *from, const unsigned char *contents, uint64_t length,
                        void (*visit)(uintptr_t word)) {
  while (!from->bad) {
    uint64_t kind = take(from);
    if (kind == 0) {
      return;
    }
    uint64_t offset = take(from);
    if (visit != NULL && offset + 8 <= length) {
      visit(lc_unaligned_word(contents + offset));
    }
  }
}

#define LEAST_G 256u
#define MOST_G 1024u

/* Where the words of an object begin that count. Of a thread's g0 the bounds of its stack do not:
 * cgo estimates the lower one, and it may lie in a block that was mapped below the stack. They are
 * the first in runtime.g, before the two stack guards. */
static uint64_t first_word(const unsigned char *contents, uint64_t length) {
  long lo = lc_config.g_stack_lo, hi = lc_config.g_stack_hi;
  const struct lc_stack_record *records;
  if (length < LEAST_G || length > MOST_G || lo != 0 || hi != 8) {
    return 0;
  }
  uintptr_t top = lc_unaligned_word(contents + hi);
  size_t count = top > lc_unaligned_word(contents + lo) ? lc_stack_records(&records) : 0;
  for (size_t i = 0; i < count; i++) {
    if (top > records[i].lo && top <= records[i].hi) {
      return 32;
    }
  }
  return 0;
}

#define LEAST_P 4096u /* the size of the buffer in runtime.p */

static void take_memory(struct reader *from, bool every_word) {
  uintptr_t address = take(from);
  uint64_t length;
  const unsigned char *contents = take_bytes(from, &length);
  every_word = every_word && (length < LEAST_P ||
                              !lc_go_is_processor((struct lc_range){address, address + length}));
  for (uint64_t at = every_word ? first_word(contents, length) : 0; every_word && at + 8 <= length;
       at += 8) {
    from->visit(lc_unaligned_word(contents + at));
  }
  take_fields(from, contents, length, every_word ? NULL : from->visit);
}

static void end_goroutine(struct reader *from) {
  if (from->in_goroutine && !lc_goroutine_end()) {
    from->no_memory = true;
  }
  from->in_goroutine = false;
}

static void take_frame(struct reader *from) {
  struct lc_go_frame frame = {.sp = take(from)};
  skip(from, 2); /* depth, sp of the callee */
  frame.contents = take_bytes(from, &frame.bytes);
  frame.entry = take(from);
  skip(from, 2); /* pc, continuation pc */
  frame.name = take_bytes(from, &frame.name_bytes);
  bool by_map = !from->bad && lc_goroutine_frame(&frame);
  take_fields(from, frame.contents, frame.bytes, by_map ? lc_goroutine_pointer : NULL);
}

static void take_goroutine(struct reader *from) {
  skip(from, 1);
  lc_goroutine_begin(take(from), from->every_word, from->visit);
  from->in_goroutine = true;
  skip(from, 6);
  skip_string(from); /* why it waits */
  lc_goroutine_pointer(take(from)); /* the closure's context */
  skip(from, 3);
}

static void take_defer(struct reader *from) {
  skip(from, 4);
  lc_goroutine_pointer(take(from)); /* may be a closure on the stack */
  skip(from, 2);
}

static void take_panic(struct reader *from) {
  lc_goroutine_pointer(take(from)); /* lies on the stack */
  skip(from, 5);
}

static void take_profile_bucket(struct reader *from) {
  skip(from, 2);
  for (uint64_t frames = take(from); frames > 0 && !from->bad; frames--) {
    skip_string(from);
    skip_string(from);
    skip(from, 1);
  }
  skip(from, 2);
}

static void take_record(struct reader *from, uint64_t kind) {
  switch (kind) {
  case OBJECT:
    take_memory(from, from->every_word);
    break;
  case DATA:
  case BSS: /* untyped words of these are scanned in memory, where the level asks for it */
    take_memory(from, false);
    break;
  case OTHER_ROOT:
    skip_string(from);
    from->visit(take(from));
    break;
  case TYPE:
    skip(from, 2);
    skip_string(from);
    skip(from, 1);
    break;
  case GOROUTINE:
    take_goroutine(from);
    break;
  case STACK_FRAME:
    take_frame(from);
    break;
  case PARAMS:
    skip(from, 4);
    skip_string(from);
    skip_string(from);
    skip(from, 1);
    break;
  case FINALIZER:
  case QUEUED_FINALIZER:
    skip(from, 5);
    break;
  case ITAB:
  case ALLOC_SAMPLE:
    skip(from, 2);
    break;
  case OS_THREAD:
    skip(from, 3);
    break;
  case MEM_STATS:
    skip(from, 24 + 256 + 1);
    break;
  case DEFER:
    take_defer(from);
    break;
  case PANIC:
    take_panic(from);
    break;
  case MEM_PROFILE:
    take_profile_bucket(from);
    break;
  default:
    from->bad = true;
  }
}

#define MOST_KEPT_BYTES ((uintptr_t)16 << 20)

/* Pages of a mapped file count as this process's memory until it lets them go. */
static void let_go(struct reader *from) {
  uintptr_t bytes = (uintptr_t)(from->at - from->kept) & ~(LC_PAGE - 1);
  if (bytes >= MOST_KEPT_BYTES) {
    lc_sys3(SYS_madvise, from->kept, bytes, MADV_DONTNEED);
    from->kept += bytes;
  }
}

const char *lc_go_dump_each_word(bool every_word, void (*visit)(uintptr_t word)) {
  struct reader from = {.at = dump + sizeof header - 1,
                        .end = dump + dump_bytes,
                        .kept = dump,
                        .every_word = every_word,
                        .visit = visit};
  while (!from.bad && !from.no_memory) {
    uint64_t kind = take(&from);
    bool is_of_goroutine = kind == STACK_FRAME || kind == DEFER || kind == PANIC;
    if (is_of_goroutine && !from.in_goroutine) {
      break;
    }
    if (!is_of_goroutine) {
      end_goroutine(&from);
      let_go(&from);
    }
    if (kind == END && !from.no_memory) {
      return from.at == from.end ? NULL : "the companion's heap dump ends early";
    }
    take_record(&from, kind);
  }
  return from.no_memory ? "no memory to scan a goroutine's stack"
                        : "the companion's heap dump is malformed";
}
