/* C stacks met before, for each thread. An unwinder is a function of the program counter, the
 * stack pointer, the frame pointer, and the words that it reads: the return addresses and the
 * saved frame pointers on the way. A memo keeps all of these. Where they are as they were, so is
 * the stack; comparing them costs a few loads. They are compared from the innermost frame
 * outwards, so that only words are read which the unwinder would read.
 * Called in the hooks, in the outermost capture of a thread. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ucontext.h>

#include "agent.h"

/* libunwind's interface for its own process (libunwind-x86_64.h). */
enum { IN_MEMORY = 1 };
struct place {
  int kind;
  union {
    uintptr_t address;
    int number;
  } at;
  uint64_t reserved[4];
};
static int (*get_context)(ucontext_t *context);
static int (*get_place)(uintptr_t *cursor, int number, struct place *place);

/* A walk costs some 2 us, so it must be worth it: so many times the stack was not known. */
#define PATIENCE 24
#define WAYS (LC_MEMOS / LC_MEMO_SETS)

void lc_memo_start(void *libunwind) {
  *(void **)&get_context = dlsym(libunwind, LC_GETCONTEXT);
  *(void **)&get_place = dlsym(libunwind, LC_LIBUNWIND "get_save_loc");
  if (get_context == NULL || !lc_cursor.is_whole) {
    get_place = NULL;
  }
}

static struct lc_memo *set_of(struct lc_per_thread *own, const struct lc_start *start,
                              uint32_t *set) {
  uint64_t mixed = (start->sp ^ start->pc * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
  *set = (uint32_t)(mixed >> 40) % LC_MEMO_SETS;
  return &own->memos[*set * WAYS];
}

static bool still_holds(const struct lc_memo *memo, const struct lc_start *start) {
  if (!memo->is_whole || memo->start.sp != start->sp || memo->start.pc != start->pc ||
      (memo->needs_bp && memo->start.bp != start->bp)) {
    return false;
  }
  for (uint32_t i = 0; i < memo->words; i++) {
    if (*(const uintptr_t *)(start->sp + memo->offsets[i]) != memo->values[i]) {
      return false;
    }
  }
  return true;
}

struct lc_memo *lc_memo_find(const struct lc_start *start) {
  struct lc_per_thread *own = get_place != NULL ? lc_per_thread() : NULL;
  uint32_t set;
  struct lc_memo *memos = own != NULL ? set_of(own, start, &set) : NULL;
  for (uint32_t i = 0; memos != NULL && i < WAYS; i++) { /* the one that held last comes first */
    uint32_t way = (own->latest[set] + i) % WAYS;
    if (still_holds(&memos[way], start)) {
      own->latest[set] = (uint8_t)way;
      return &memos[way];
    }
  }
  return NULL;
}

static bool add_word(struct lc_memo *memo, uintptr_t address) {
  uintptr_t offset = address - memo->start.sp;
  if (memo->words == LC_MEMO_WORDS || offset > UINT32_MAX || address % 8 != 0) {
    return false;
  }
  memo->offsets[memo->words] = (uint32_t)offset;
  memo->values[memo->words++] = *(const uintptr_t *)address;
  return true;
}

/* What the frame pointer is in a frame, and where that value is kept. */
struct frame {
  uintptr_t pc, sp, bp;
  struct place kept;
};

static bool read_frame(uintptr_t *cursor, struct frame *frame) {
  return lc_cursor.get(cursor, LC_UNWIND_PC, &frame->pc) == 0 &&
         lc_cursor.get(cursor, LC_UNWIND_SP, &frame->sp) == 0 &&
         lc_cursor.get(cursor, LC_UNWIND_BP, &frame->bp) == 0 &&
         get_place(cursor, LC_UNWIND_BP, &frame->kept) == 0;
}

/* What is kept below the start, in the agent's own frames, is the value that it had there. */
static bool add_frame_pointer(struct lc_memo *memo, const struct frame *of) {
  if (of->kept.kind == IN_MEMORY && of->kept.at.address >= memo->start.sp) {
    return add_word(memo, of->kept.at.address);
  }
  memo->needs_bp = true;
  return of->bp == memo->start.bp;
}

/* A frame is found by its frame pointer only when that points into it; elsewhere the register
 * may hold anything. A function that aligns its stack keeps the frame's address right below the
 * frame pointer (GCC's DRAP), and is unwound by that. */
static bool add_frame(struct lc_memo *memo, const struct frame *inner, const struct frame *outer) {
  uintptr_t cfa = outer->sp, drap = inner->bp - 8;
  if (inner->bp >= inner->sp && inner->bp <= cfa) {
    if (!add_frame_pointer(memo, inner) ||
        (drap >= memo->start.sp && *(const uintptr_t *)drap == cfa && !add_word(memo, drap))) {
      return false;
    }
  }
  return add_word(memo, cfa - 8) && memo->values[memo->words - 1] == outer->pc;
}

/* Follows the stack with the cursor; false where it is not certain what it depends on: at a
 * signal's frame, or at the unwinder's own limit of depth. */
static bool walk(struct lc_memo *memo, uintptr_t *cursor) {
  struct frame inner, outer;
  do { /* the agent's own frames */
    if (lc_cursor.step(cursor) <= 0 || !read_frame(cursor, &inner)) {
      return false;
    }
  } while (inner.sp < memo->start.sp);
  if (inner.sp != memo->start.sp || inner.pc != memo->start.pc) {
    return false;
  }
  for (uint32_t depth = 0; !lc_in_go_text(inner.pc); depth++, inner = outer) {
    int more = lc_cursor.step(cursor);
    if (more <= 0) { /* the outermost frame of a thread has no frame pointer */
      return more == 0 && inner.bp == 0 && add_frame_pointer(memo, &inner);
    }
    if (depth == LC_MAX_FRAMES - 16 || !read_frame(cursor, &outer) || outer.sp <= inner.sp ||
        !add_frame(memo, &inner, &outer)) {
      return false;
    }
  }
  return true;
}

/* The walk must tell the same stack as the unwinder has told. */
static bool tells(const struct lc_memo *memo, const uintptr_t *frames, uint32_t count) {
  uint32_t at = 0;
  for (uint32_t i = 0; i < memo->words && at < count; i++) {
    if (memo->values[i] == frames[at]) {
      at++;
    }
  }
  return at == count;
}

static void fill(struct lc_memo *memo, uintptr_t *cursor, const struct lc_start *start,
                 const uintptr_t *frames, uint32_t count) {
  ucontext_t context;
  *memo = (struct lc_memo){.start = *start};
  if (get_context(&context) != 0 || lc_cursor.init(cursor, &context) != 0 || !walk(memo, cursor) ||
      !tells(memo, frames, count)) {
    return;
  }
  memo->count = count;
  for (uint32_t i = 0; i < count; i++) {
    memo->frames[i] = frames[i];
  }
  memo->is_whole = true;
}

void lc_memo_keep(const struct lc_start *start, const uintptr_t *frames, uint32_t count) {
  struct lc_per_thread *own = get_place != NULL ? lc_per_thread() : NULL;
  if (own == NULL || count > LC_MEMO_FRAMES) {
    return;
  }
  uint32_t set;
  struct lc_memo *memos = set_of(own, start, &set);
  if (++own->misses[set] < PATIENCE) {
    return;
  }
  own->misses[set] = 0;
  uint64_t signals = lc_unwinding_begins();
  fill(&memos[own->turns[set]++ % WAYS], own->cursor, start, frames, count);
  lc_unwinding_ends(signals);
}
