/* A goroutine of the heap dump, scanned as Go's own collector does it (runtime/mgcmark.go,
 * scanstack): the dump says which words of a frame are pointers, and the function tables where
 * objects lie on the stack; an object counts when a pointer that counts leads to it. Runs in the
 * forked checker, in memory that is bounded by the goroutine's stack. */
#define _GNU_SOURCE
#include <string.h>

#include "agent.h"

#define FRAME_POINTER_BYTES 8u
#define MOST_STACK_BYTES ((uintptr_t)1 << 32)

struct object {
  uintptr_t address;
  const unsigned char *contents; /* unaligned: they lie in the file of the dump */
  const unsigned char *pointers; /* a bit for each word; NULL: all of them */
  uint32_t bytes, words; /* words that may be pointers; 0 when it was scanned */
};

static struct {
  void (*visit)(uintptr_t word);
  bool every_word;
  uintptr_t lo;
  unsigned uncertain; /* so many frames were interrupted where no pointer map holds */
  struct object *objects; /* by address */
  size_t object_count, object_room;
  uintptr_t *pending; /* pointers that may lead to an object */
  size_t pending_count, pending_room;
  struct lc_go_objects of_callee; /* some may lie among its arguments, in the caller's frame */
  uint64_t callee_bytes; /* of the arguments of users' functions */
  bool is_full;
} now;

static bool begins_with(const struct lc_go_frame *frame, const char *prefix) {
  size_t wanted = strlen(prefix);
  return frame->name_bytes >= wanted && memcmp(frame->name, prefix, wanted) == 0;
}

static bool is_named(const struct lc_go_frame *frame, const char *name) {
  return frame->name_bytes == strlen(name) && begins_with(frame, name);
}

/* The standard library's frames hold no C memory in untyped words, but stale
 * copies of it: they lie where the test's own frames were. */
static bool is_library_frame(const struct lc_go_frame *frame) {
  static const char *const prefixes[] = {"runtime.", "internal/", "os.",      "testing.",
                                         "runtime/", "syscall.",  "reflect.", "log.",
                                         "sync.",    "time.",     "fmt."};
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    if (begins_with(frame, prefixes[i])) {
      return true;
    }
  }
  return memmem(frame->name, frame->name_bytes, "leakcheckCompanion", 18) != NULL;
}

/* Stopped between two instructions, a function keeps its registers in the frame of asyncPreempt,
 * and no map says what its own words are, nor those of its arguments, in its caller's frame. */
static bool is_uncertain(const struct lc_go_frame *frame) {
  if (is_named(frame, "runtime.asyncPreempt") || is_named(frame, "runtime.sigpanic") ||
      begins_with(frame, "runtime.debugCall")) {
    now.uncertain = 3;
  }
  if (now.uncertain > 0) {
    now.uncertain--;
    return true;
  }
  return is_named(frame, "reflect.makeFuncStub") || is_named(frame, "reflect.methodValueCall");
}

static void *grown(void *items, size_t *room, size_t item_bytes) {
  size_t wanted = *room == 0 ? 512 : *room * 2;
  void *larger = lc_map(wanted * item_bytes);
  if (larger == NULL) {
    now.is_full = true;
    return items;
  }
  if (items != NULL) {
    memcpy(larger, items, *room * item_bytes);
    lc_unmap(items, *room * item_bytes);
  }
  *room = wanted;
  return larger;
}

void lc_goroutine_pointer(uintptr_t word) {
  now.visit(word);
  if (word < now.lo || word - now.lo >= MOST_STACK_BYTES) {
    return;
  }
  if (now.pending_count == now.pending_room) {
    now.pending = grown(now.pending, &now.pending_room, sizeof *now.pending);
  }
  if (now.pending_count < now.pending_room) {
    now.pending[now.pending_count++] = word;
  }
}

static void add_object(const struct object *object) {
  if (now.object_count == now.object_room) {
    now.objects = grown(now.objects, &now.object_room, sizeof *now.objects);
  }
  if (now.object_count < now.object_room) {
    now.objects[now.object_count++] = *object;
  }
}

/* `base` is where the offsets are from. Until Go 1.24 the pointers of a large object may be given
 * by a program, and their length is negative then: all its words count. */
static void add_objects(const struct lc_go_frame *frame, const struct lc_go_objects *objects,
                        bool are_arguments, uintptr_t base) {
  for (size_t i = 0; i < objects->count; i++) {
    const struct lc_go_object *item = &objects->items[i];
    uintptr_t address = base + (uintptr_t)(intptr_t)item->offset;
    if ((item->offset >= 0) != are_arguments || item->bytes <= 0 || address < frame->sp ||
        address + (uint32_t)item->bytes > frame->sp + frame->bytes) {
      continue;
    }
    bool is_program = item->pointer_bytes < 0;
    struct object object = {
        .address = address,
        .contents = frame->contents + (address - frame->sp),
        .pointers = is_program ? NULL : (const unsigned char *)(objects->rodata + item->pointers),
        .bytes = (uint32_t)item->bytes,
        .words = (uint32_t)(is_program ? item->bytes : item->pointer_bytes) / 8,
    };
    add_object(&object);
  }
}

static uintptr_t end_of_locals(const struct lc_go_frame *frame) {
  uintptr_t end = frame->sp + frame->bytes - LC_GO_RETURN_ADDRESS_BYTES;
  return end > frame->sp ? end - FRAME_POINTER_BYTES : end;
}

/* A word that is a pointer anywhere in the function; where it is alive now, the dump says so. */
static bool is_variable(const struct lc_go_frame *frame, const struct lc_go_objects *function,
                        uint64_t at) {
  uint32_t bits = function->map_bits, bytes = (bits + 7) / 8;
  uint64_t first = end_of_locals(frame) - frame->sp - bits * (uint64_t)8, bit = (at - first) / 8;
  for (uint32_t i = 0; at >= first && bit < bits && i < function->map_count; i++) {
    if ((function->maps[i * (size_t)bytes + bit / 8] >> bit % 8 & 1) != 0) {
      return true;
    }
  }
  return false;
}

/* Where arguments and results of C functions were, unless the callee's arguments lie there now. */
static uint64_t leftovers_end(const struct lc_go_frame *frame) {
  uint64_t bytes = lc_go_bytes_for_c(frame->entry);
  return bytes > now.callee_bytes ? LC_GO_BELOW_ARGUMENTS_BYTES + bytes : 0;
}

/* A variable that Go does not read again holds nothing, though its last value is still there, and
 * nor does the result of a call that is over. */
static void take_words(const struct lc_go_frame *frame, const struct lc_go_objects *function,
                       uint64_t leftovers) {
  for (uint64_t at = 0; at + 8 <= frame->bytes; at += 8) {
    bool is_left = at < leftovers && at >= LC_GO_BELOW_ARGUMENTS_BYTES + now.callee_bytes;
    if (!is_left && !is_variable(frame, function, at)) {
      lc_goroutine_pointer(lc_unaligned_word(frame->contents + at));
    }
  }
}

bool lc_goroutine_frame(const struct lc_go_frame *frame) {
  static const struct lc_go_objects nothing_known;
  struct lc_go_objects own = {0};
  bool is_known = lc_go_stack_objects(frame->entry, &own), is_library = is_library_frame(frame);
  add_objects(frame, &now.of_callee, true, frame->sp + LC_GO_BELOW_ARGUMENTS_BYTES);
  add_objects(frame, &own, false, end_of_locals(frame));
  bool by_map = !is_uncertain(frame) && (is_library || is_known);
  if (!by_map) {
    take_words(frame, &nothing_known, 0);
  } else if (!is_library && now.every_word) {
    take_words(frame, &own, leftovers_end(frame));
  }
  now.of_callee = own;
  /* The library's functions have no pointers to C among arguments that are no pointers. */
  now.callee_bytes = is_library ? 0 : own.argument_bytes;
  return by_map;
}

void lc_goroutine_begin(uintptr_t sp, bool every_word, void (*visit)(uintptr_t word)) {
  now.visit = visit;
  now.every_word = every_word;
  now.lo = sp;
  now.uncertain = 0;
  now.callee_bytes = 0;
  now.object_count = now.pending_count = 0;
  now.of_callee = (struct lc_go_objects){0};
}

static struct object *object_with(uintptr_t address) {
  size_t low = 0, high = now.object_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (now.objects[middle].address <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  struct object *found = low == 0 ? NULL : &now.objects[low - 1];
  return found != NULL && address - found->address < found->bytes ? found : NULL;
}

bool lc_goroutine_end(void) {
  while (now.pending_count > 0) {
    struct object *object = object_with(now.pending[--now.pending_count]);
    uint32_t words = object == NULL ? 0 : object->words;
    for (uint32_t i = 0; i < words; i++) {
      object->words = 0; /* not again */
      if (object->pointers == NULL || (object->pointers[i / 8] >> i % 8 & 1) != 0) {
        lc_goroutine_pointer(lc_unaligned_word(object->contents + (size_t)i * 8));
      }
    }
  }
  return !now.is_full;
}
