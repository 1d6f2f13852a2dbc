/* Go's heap dump: which words count at strict, against a plain model, and then what becomes of
 * damaged dumps. A dump ends at the end of a page, so that reading on would be seen. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define FRAMES 12u
#define FRAME_WORDS 24u
#define LOCALS_END 22u /* then the frame pointer and the return address */
#define WORDS (FRAMES * FRAME_WORDS)
#define STACK ((uintptr_t)0xc000100000)
#define ENTRY 0x401000u
#define MARKS 1024u /* smaller words stand for pointers to C */
#define PAGE 4096u
#define DAMAGES 300

enum { END, OBJECT, OTHER_ROOT, GOROUTINE = 4, STACK_FRAME, DEFER = 14 };

struct placed {
  unsigned first, words; /* in the stack */
  unsigned char mask;
  bool has_program; /* instead of a mask: all of it counts */
};

static unsigned char dump[1 << 16];
static size_t length;
static uint64_t state;
static uintptr_t stack[WORDS], deferred;
static bool is_pointer[WORDS]; /* says the dump */
static struct lc_go_object objects[FRAMES][2];
static unsigned char masks[FRAMES][2];
static struct placed placed[FRAMES * 2];
static unsigned placed_count;
static bool seen[MARKS], expected[MARKS];

static void visit(uintptr_t word) {
  if (word < MARKS) {
    seen[word] = true;
  }
}

size_t lc_stack_records(const struct lc_stack_record **out) {
  *out = NULL;
  return 0;
}

bool lc_go_is_processor(struct lc_range object) {
  (void)object;
  return false;
}

bool lc_go_stack_objects(uintptr_t entry, struct lc_go_objects *found) {
  uintptr_t frame = entry - ENTRY;
  *found = (struct lc_go_objects){.rodata = (uintptr_t)masks};
  if (frame < FRAMES) {
    found->items = objects[frame];
    found->count = 2;
  }
  return true;
}

uint32_t lc_go_bytes_for_c(uintptr_t pc) {
  (void)pc;
  return 0;
}

/* ---- a goroutine, at random ---- */

static void place(unsigned frame, unsigned index, unsigned first, unsigned words, int offset) {
  struct placed *object = &placed[placed_count++];
  *object =
      (struct placed){first, words, (unsigned char)random_word(&state), below(&state, 8) == 0};
  masks[frame][index] = object->mask;
  objects[frame][index] = (struct lc_go_object){
      .offset = offset * 8,
      .bytes = (int)words * 8,
      .pointer_bytes = (object->has_program ? -1 : 1) * (int)words * 8,
      .pointers = frame * 2 + index,
  };
}

/* One object among the locals, and one among the arguments, in the caller's frame. */
static void place_objects(void) {
  placed_count = 0;
  memset(objects, 0, sizeof objects);
  for (unsigned frame = 0; frame < FRAMES; frame++) {
    unsigned at = 8 + (unsigned)below(&state, 4), words = 1 + (unsigned)below(&state, 8);
    place(frame, 0, frame * FRAME_WORDS + at, words, (int)at - (int)LOCALS_END);
    if (frame + 1 < FRAMES) {
      place(frame, 1, (frame + 1) * FRAME_WORDS + 1, 3, 1);
    }
  }
}

static uintptr_t any_word(void) {
  if (below(&state, 2) == 0) {
    return STACK + below(&state, (WORDS + 8) * 8);
  }
  return below(&state, MARKS);
}

static void fill_stack(void) {
  for (unsigned i = 0; i < WORDS; i++) {
    stack[i] = any_word();
    is_pointer[i] = below(&state, 16) == 0;
  }
  deferred = any_word();
}

/* ---- the dump of it ---- */

static void put(uint64_t value) {
  for (; value >= 128; value >>= 7) {
    dump[length++] = (unsigned char)(value | 128);
  }
  dump[length++] = (unsigned char)value;
}

static void put_bytes(const void *bytes, size_t count) {
  put(count);
  memcpy(dump + length, bytes, count);
  length += count;
}

static void put_numbers(int count) {
  while (count-- > 0) {
    put(MARKS + below(&state, 1u << 30));
  }
}

static void put_frame(unsigned frame) {
  unsigned first = frame * FRAME_WORDS;
  put(STACK_FRAME);
  put(STACK + first * 8);
  put_numbers(2);
  put_bytes(&stack[first], FRAME_WORDS * 8);
  put(ENTRY + frame);
  put_numbers(2);
  put_bytes("main.work", 9);
  for (unsigned i = 0; i < FRAME_WORDS; i++) {
    if (is_pointer[first + i]) {
      put(1);
      put(i * 8);
    }
  }
  put(0);
}

static void put_goroutine(void) {
  put(GOROUTINE);
  put_numbers(1);
  put(STACK);
  put_numbers(6);
  put_bytes("chan receive", 12);
  put_numbers(4);
  for (unsigned frame = 0; frame < FRAMES; frame++) {
    put_frame(frame);
  }
  put(DEFER);
  put_numbers(4);
  put(deferred);
  put_numbers(2);
}

static void put_object_and_end(void) {
  uintptr_t held[3] = {MARKS - 1, MARKS - 2, MARKS - 3};
  put(OBJECT);
  put_numbers(1);
  put_bytes(held, sizeof held);
  put(1);
  put(8);
  put(0);
  static char filling[PAGE * 2];
  put(OTHER_ROOT); /* what it is, in two bytes of length and so much text, and the root */
  size_t end = (length + 4 + 128 + PAGE - 1) / PAGE * PAGE;
  put_bytes(filling, end - length - 4);
  put(7);
  put(END);
  EXPECT(length % PAGE == 0);
}

static void write_dump(const unsigned char *bytes, size_t count) {
  char path[sizeof lc_config.run_dir + 16];
  snprintf(path, sizeof path, "%s/go.heapdump", lc_config.run_dir);
  unlink(path);
  int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
  EXPECT(file >= 0 && write(file, bytes, count) == (ssize_t)count);
  close(file);
}

/* ---- the model: until nothing more comes alive ---- */

static bool enliven(uintptr_t word, bool *is_live) {
  bool is_new = false;
  for (unsigned i = 0; i < placed_count; i++) {
    const struct placed *object = &placed[i];
    uintptr_t start = STACK + object->first * 8;
    if (word < start || word >= start + object->words * 8) {
      continue;
    }
    for (unsigned at = 0; at < object->words; at++) {
      bool counts = object->has_program || (object->mask >> at & 1) != 0;
      is_new = is_new || (counts && !is_live[object->first + at]);
      is_live[object->first + at] |= counts;
    }
  }
  return is_new;
}

static void expect_words(void) {
  bool is_live[WORDS], again = true;
  memcpy(is_live, is_pointer, sizeof is_live);
  enliven(deferred, is_live);
  while (again) {
    again = false;
    for (unsigned i = 0; i < WORDS; i++) {
      again = (is_live[i] && enliven(stack[i], is_live)) || again;
    }
  }
  memset(expected, 0, sizeof expected);
  for (unsigned i = 0; i < WORDS; i++) {
    if (is_live[i] && stack[i] < MARKS) {
      expected[stack[i]] = true;
    }
  }
  expected[MARKS - 2] = expected[7] = true; /* the object's field, the root */
  if (deferred < MARKS) {
    expected[deferred] = true;
  }
}

static void damage(void) {
  static unsigned char bytes[sizeof dump];
  memcpy(bytes, dump, length);
  for (uint64_t times = 1 + below(&state, 4); times > 0; times--) {
    bytes[17 + below(&state, length - 17)] = (unsigned char)random_word(&state);
  }
  size_t cut = below(&state, 4) == 0 ? below(&state, length / PAGE + 1) * PAGE : length;
  write_dump(bytes, cut);
  if (lc_go_dump_open() == NULL) {
    lc_go_dump_each_word(below(&state, 2) == 0, visit);
  }
}

int main(int count, char **arguments) {
  seed = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
  state = seed * 2 + 1;
  snprintf(lc_config.run_dir, sizeof lc_config.run_dir, "/tmp/dump_model.XXXXXX");
  EXPECT(mkdtemp(lc_config.run_dir) != NULL);
  memcpy(dump, "go1.7 heap dump\n", length = 16);
  place_objects();
  fill_stack();
  put_goroutine();
  put_object_and_end();
  write_dump(dump, length);

  EXPECT(lc_go_dump_open() == NULL);
  EXPECT(lc_go_dump_each_word(false, visit) == NULL);
  expect_words();
  EXPECT(memcmp(seen, expected, sizeof seen) == 0);
  for (int i = 0; i < DAMAGES; i++) {
    damage();
  }
  char path[sizeof lc_config.run_dir + 16];
  snprintf(path, sizeof path, "%s/go.heapdump", lc_config.run_dir);
  unlink(path);
  rmdir(lc_config.run_dir);
  return 0;
}
