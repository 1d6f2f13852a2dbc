/* What the agent knows of Go: the goroutine that called into C, and its frames.
 * Called in the hooks. Reads the Go runtime's memory at offsets that the Python side took
 * from the program's own DWARF; every address is checked against the goroutine's stack. */
#include <string.h>

#include "agent.h"
#include "sys.h"

/* runtime/mheap.go: an arenaIdx names 64 MiB. */
#define GO_ARENA_BYTES ((uintptr_t)64 << 20)
#define GO_MAX_ARENAS 65536u

static struct {
  const uintptr_t *indices;
  uintptr_t count;
} arenas;

void lc_go_arenas_read(void) {
  if (lc_config.go_arenas != 0) {
    arenas.indices = (const uintptr_t *)lc_word_at(lc_config.go_arenas, 0);
    arenas.count = lc_word_at(lc_config.go_arenas, 8);
  }
}

size_t lc_go_arena_count(void) {
  return arenas.indices != NULL && arenas.count <= GO_MAX_ARENAS ? arenas.count : 0;
}

struct lc_range lc_go_arena(size_t index) {
  uintptr_t lo = arenas.indices[index] * GO_ARENA_BYTES + LC_GO_ARENA_BASE;
  return (struct lc_range){lo, lo + GO_ARENA_BYTES};
}

bool lc_in_go_arena(uintptr_t address) {
  for (size_t i = 0; i < lc_go_arena_count(); i++) {
    if (lc_in_image(lc_go_arena(i), address)) {
      return true;
    }
  }
  return false;
}

/* runtime/malloc.go: persistentChunkSize; the first word of each chunk leads to the next one. */
#define GO_CHUNK_BYTES ((uintptr_t)256 << 10)

struct lc_range lc_go_next_chunk(struct lc_range before) {
  uintptr_t list = before.lo != 0 ? before.lo : lc_config.go_persistent;
  uintptr_t lo = list != 0 && lc_is_readable(list) ? lc_word_at(list, 0) : 0;
  return lo != 0 ? (struct lc_range){lo, lo + GO_CHUNK_BYTES} : (struct lc_range){0, 0};
}

/* runtime.p keeps a buffer of the pointers that were lately written (wbBuf). Since Go 1.22 a
 * header stands before it. */
bool lc_go_is_processor(struct lc_range object) {
  const uintptr_t *all = lc_config.go_allp != 0 ? (const uintptr_t *)lc_config.go_allp : NULL;
  for (uintptr_t i = 0; all != NULL && i < all[1]; i++) {
    if (lc_in_image(object, ((const uintptr_t *)all[0])[i])) {
      return true;
    }
  }
  return false;
}

/* Where the debug information says that `t` is kept there is a testing.T; this only guards
 * against a word that cannot be a pointer at all. */
static bool may_be_object(uintptr_t address) {
  return address % 8 == 0 && address >= 4096 && address >> LC_ADDRESS_BITS == 0;
}

static uintptr_t current_goroutine(uintptr_t thread_pointer) {
  uintptr_t g = lc_word_at(thread_pointer, lc_config.tlsg);
  uintptr_t m = g != 0 ? lc_word_at(g, lc_config.g_m) : 0;
  return m != 0 ? lc_word_at(m, lc_config.m_curg) : 0;
}

uintptr_t lc_go_saved_sp(uintptr_t thread_pointer, bool *on_g0, bool *called_c) {
  if (!lc_config.has_go_frames) {
    return 0;
  }
  uintptr_t g = lc_word_at(thread_pointer, lc_config.tlsg);
  uintptr_t m = g != 0 ? lc_word_at(g, lc_config.g_m) : 0;
  uintptr_t g0 = m != 0 ? lc_word_at(m, lc_config.m_g0) : 0;
  uintptr_t user = m != 0 ? lc_word_at(m, lc_config.m_curg) : 0;
  *on_g0 = g == g0;
  *called_c = user != 0 && lc_word_at(user, lc_config.g_syscallsp) != 0;
  return g0 != 0 ? lc_word_at(g0, lc_config.g_sched_sp) : 0;
}

/* The name of the test whose testing.tRunner frame is at `bp`; 0 when it cannot be read. */
static uint32_t test_at(uintptr_t bp, uintptr_t hi) {
  if (lc_config.trunner_t < 0 || lc_config.t_name < 0) {
    return 0;
  }
  uintptr_t base = lc_go_frame_base(bp), slot = base + (uintptr_t)lc_config.trunner_t;
  uintptr_t t = base != 0 && slot + 8 <= hi ? lc_word_at(slot, 0) : 0;
  if (t == 0 || !may_be_object(t)) {
    return 0;
  }
  return lc_test_named((const char *)lc_word_at(t, lc_config.t_name),
                       lc_word_at(t, lc_config.t_name + 8));
}

static bool is_trunner(uintptr_t pc) {
  return pc >= lc_config.trunner_start && pc < lc_config.trunner_end;
}

struct walk {
  uintptr_t bp, lo, hi;
  uintptr_t *frames;
  uint32_t count, room, test;
};

static bool knows_cgocall;

void lc_go_stack_start(void) { knows_cgocall = lc_go_cgocall_start(); }

static bool is_frame(uintptr_t bp, uintptr_t hi) {
  return bp + 16 <= hi && lc_word_at(bp, 0) > bp && lc_word_at(bp, 0) < hi &&
         lc_in_go_text(lc_word_at(bp, 8));
}

/* A callback from C into Go runs below the frame of the runtime.cgocall that called C, whose call
 * of asmcgocall left a return address in between. The frame pointer there points to C's stack.
 * Below it lies a slot that nobody has written yet, where an older return address may stand: what
 * the right one leads to is a frame. */
static uintptr_t frame_above_callback(uintptr_t bp, uintptr_t hi) {
  uintptr_t slot = bp + 16;
  for (unsigned i = 0; i < LC_GO_CALLBACK_WORDS && slot + 8 <= hi; i++, slot += 8) {
    uintptr_t pc = lc_word_at(slot, 0);
    if (pc > lc_config.go_cgocall && pc < lc_config.go_cgocall_end) {
      uintptr_t above = lc_go_frame_at_return(slot);
      if (above != 0 && is_frame(above, hi)) {
        return above;
      }
    }
  }
  return 0;
}

/* [bp] is the caller's frame pointer, [bp+8] the return address into the caller, whose own
 * frame is at the next bp. The chain ends with 0 at the goroutine's start. */
static void walk_frames(struct walk *walk) {
  uintptr_t bp = walk->bp;
  while (walk->count < walk->room && bp >= walk->lo && bp + 16 <= walk->hi && bp % 8 == 0) {
    uintptr_t pc = lc_word_at(bp, 8), next = lc_word_at(bp, 0);
    if (!lc_in_go_text(pc)) {
      break;
    }
    walk->frames[walk->count++] = pc;
    if (next != 0 && (next < walk->lo || next >= walk->hi)) {
      next = frame_above_callback(bp, walk->hi);
    }
    if (next <= bp) {
      break;
    }
    if (is_trunner(pc)) {
      walk->test = test_at(next, walk->hi);
    }
    bp = next;
  }
}

/* The frame pointer of runtime.cgocall, saved on entering the system call state
 * (runtime/proc.go, reentersyscall). Before Go 1.23 only the stack pointer is saved there;
 * the frame's shape leads from it to the frame pointer. */
static uintptr_t cgocall_frame(uintptr_t g) {
  if (lc_config.g_syscallbp >= 0) {
    return lc_word_at(g, lc_config.g_syscallbp);
  }
  return lc_go_cgocall_frame(lc_word_at(g, lc_config.g_syscallsp));
}

/* Nobody but the runtime started the main goroutine. */
static void add_creator(struct walk *walk, uintptr_t g) {
  if (lc_config.g_goid >= 0 && lc_word_at(g, lc_config.g_goid) == 1) {
    return;
  }
  uintptr_t creator = lc_config.g_gopc >= 0 ? lc_word_at(g, lc_config.g_gopc) : 0;
  if (walk->test == 0 && walk->count < walk->room && lc_in_go_text(creator)) {
    walk->frames[walk->count++] = creator;
  }
}

/* The length is read before the array, which only ever grows (runtime/proc.go, allglen). */
static uintptr_t goroutine_numbered(uint64_t number) {
  if (lc_config.go_allglen == 0 || lc_config.go_allgptr == 0) {
    return 0;
  }
  uintptr_t count = __atomic_load_n((const uintptr_t *)lc_config.go_allglen, __ATOMIC_ACQUIRE);
  const uintptr_t *all =
      (const uintptr_t *)__atomic_load_n((const uintptr_t *)lc_config.go_allgptr, __ATOMIC_ACQUIRE);
  for (uintptr_t i = count; all != NULL && i > 0; i--) { /* the newest is the likeliest */
    if (lc_word_at(all[i - 1], lc_config.g_goid) == number) {
      return all[i - 1];
    }
  }
  return 0;
}

#define GO_OUTERMOST_BYTES 1024u

/* The goroutine may have ended, and the collector given its testing.T to something else. */
static bool has_test_name(uintptr_t slot, uintptr_t hi) {
  uintptr_t t = slot + 8 <= hi ? lc_word_at(slot, 0) : 0;
  if (lc_config.t_name < 0 || !may_be_object(t) ||
      !lc_is_readable(t + (uintptr_t)lc_config.t_name) ||
      !lc_is_readable(t + (uintptr_t)lc_config.t_name + 8)) {
    return false;
  }
  uintptr_t name = lc_word_at(t, lc_config.t_name), bytes = lc_word_at(t, lc_config.t_name + 8);
  return name != 0 && bytes >= 4 && bytes < LC_PAGE && lc_is_readable(name) &&
         lc_is_readable(name + bytes - 1) &&
         (memcmp((const void *)name, "Test", 4) == 0 || memcmp((const void *)name, "Fuzz", 4) == 0);
}

/* A test's goroutine begins with testing.tRunner: what that calls pushes its return address, and
 * below it the frame pointer. The goroutine may be running: what it reads is checked. */
static uint32_t test_that_began(uintptr_t g) {
  uintptr_t lo = lc_word_at(g, lc_config.g_stack_lo), hi = lc_word_at(g, lc_config.g_stack_hi);
  if (lo == 0 || hi <= lo || hi - lo < GO_OUTERMOST_BYTES) {
    return 0;
  }
  for (uintptr_t at = hi - 8; at > hi - GO_OUTERMOST_BYTES; at -= 8) {
    uintptr_t bp = lc_word_at(at - 8, 0);
    if (is_trunner(lc_word_at(at, 0)) && bp > at && bp + 16 < hi) {
      uintptr_t slot = lc_go_frame_base(bp) + (uintptr_t)lc_config.trunner_t;
      return has_test_name(slot, hi) ? test_at(bp, hi) : 0;
    }
  }
  return 0;
}

#define GO_GENERATIONS 8

static uint32_t test_of_ancestor(uint64_t number) {
  uint32_t test = 0;
  for (int i = 0; i < GO_GENERATIONS && number != 0 && test == 0; i++) {
    uintptr_t g = goroutine_numbered(number);
    test = g != 0 ? test_that_began(g) : 0;
    number = g != 0 ? lc_word_at(g, lc_config.g_parent) : 0;
  }
  return test;
}

static uint32_t test_of(uintptr_t g, uint32_t own_test) {
  if (lc_config.g_goid < 0 || lc_config.g_parent < 0) {
    return own_test;
  }
  uint64_t number = lc_word_at(g, lc_config.g_goid), parent = lc_word_at(g, lc_config.g_parent);
  uint32_t test = lc_test_of_goroutine(number, parent, own_test);
  if (test == 0 && lc_config.trunner_start != 0 && lc_is_new_goroutine(number)) {
    test = lc_test_of_goroutine(number, parent, test_of_ancestor(parent));
  }
  return test;
}

uint32_t lc_unwind_go(uintptr_t *frames, uint32_t room, uint32_t *test) {
  if (!lc_config.has_go_frames || (lc_config.g_syscallbp < 0 && !knows_cgocall)) {
    return 0;
  }
  uintptr_t g = current_goroutine(lc_thread_pointer());
  if (g == 0 || lc_word_at(g, lc_config.g_syscallsp) == 0) {
    return 0;
  }
  struct walk walk = {
      .bp = cgocall_frame(g),
      .lo = lc_word_at(g, lc_config.g_stack_lo),
      .hi = lc_word_at(g, lc_config.g_stack_hi),
      .frames = frames,
      .room = room,
  };
  walk_frames(&walk);
  add_creator(&walk, g);
  *test = test_of(g, walk.test);
  return walk.count;
}

/* runtime/runtime2.go: goroutine states; the collector's scan bit may stand beside them. */
enum { GO_RUNNABLE = 1, GO_RUNNING = 2, GO_SYSCALL = 3, GO_SCAN_BIT = 0x1000 };

void lc_each_stack_in_c(void (*visit)(struct lc_range stack, void *context), void *context) {
  if (!lc_config.has_go_frames || lc_config.go_allgs == 0 || lc_config.g_status < 0) {
    return;
  }
  uintptr_t own = current_goroutine(lc_thread_pointer());
  const uintptr_t *all = (const uintptr_t *)lc_word_at(lc_config.go_allgs, 0);
  uintptr_t count = lc_word_at(lc_config.go_allgs, 8);
  for (uintptr_t i = 0; i < count; i++) {
    uintptr_t g = all[i];
    unsigned status = (unsigned)(lc_word_at(g, lc_config.g_status) & 0xffffffffu) & ~GO_SCAN_BIT;
    if (g == own || status < GO_RUNNABLE || status > GO_SYSCALL) {
      continue;
    }
    uintptr_t sp = lc_word_at(g, lc_config.g_syscallsp);
    sp = sp != 0 ? sp : lc_word_at(g, lc_config.g_sched_sp);
    struct lc_range stack = {lc_word_at(g, lc_config.g_stack_lo),
                             lc_word_at(g, lc_config.g_stack_hi)};
    if (lc_in_image(stack, sp)) {
      stack.lo = sp;
      visit(stack, context);
    }
  }
}

const char *lc_go_frames_state(void) {
  if (!lc_config.go) {
    return "-";
  }
  if (!lc_config.has_go_frames) {
    return "no: the binary has no debug information (built with -ldflags=-w or stripped?)";
  }
  if (lc_config.g_syscallbp < 0 && !knows_cgocall) {
    return "no: the frame of runtime.cgocall was not recognised";
  }
  return "yes";
}
