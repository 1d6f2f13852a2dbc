/* Which memory holds blocks alive, by level (docs/agent.md, "Levels").
 * Runs in the forked checker: the program's memory is frozen, no lock may be taken. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "agent.h"
#include "sys.h"

#define MOST_LINK_MAPS 100000
#define HANDOUT ((uintptr_t)1 << LC_PAGE_SHIFT)

struct collecting {
  struct lc_roots *roots;
  const struct lc_maps *maps;
  struct lc_range *claimed; /* judged already: images, stacks, the agent's own memory */
  size_t claimed_count, claimed_room;
  bool full;
};

static void add_root(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  if (lo >= hi) {
    return;
  }
  if (to->roots->count == to->roots->room) {
    to->full = true;
    return;
  }
  to->roots->ranges[to->roots->count++] = (struct lc_range){lo, hi};
}

/* Guard pages that madvise() installed, as glibc does below its stacks since 2.42, are in no
 * mapping of their own, and reading one is fatal. The kernel says so when it is to read a set of
 * signals there; it then refuses the first argument. */
bool lc_is_readable(uintptr_t address) {
  return lc_sys4(SYS_rt_sigprocmask, -1, address & ~(LC_PAGE - 1), NULL, 8) != -EFAULT;
}

static void add_readable(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  uintptr_t start = lo;
  for (uintptr_t page = lo & ~(LC_PAGE - 1); page < hi; page += LC_PAGE) {
    if (!lc_is_readable(page)) {
      add_root(to, start, page);
      start = page + LC_PAGE;
    }
  }
  add_root(to, start, hi);
}

/* Only the readable part of it. */
static void add_mapped_root(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  for (size_t i = 0; i < to->maps->count; i++) {
    const struct lc_mapping *mapping = &to->maps->items[i];
    if (mapping->readable && mapping->hi > lo && mapping->lo < hi) {
      add_readable(to, mapping->lo > lo ? mapping->lo : lo, mapping->hi < hi ? mapping->hi : hi);
    }
  }
}

static void add_exact(struct collecting *to, uintptr_t pointer) {
  if (to->roots->exact_count < to->roots->exact_room) {
    to->roots->exact[to->roots->exact_count++] = pointer;
  } else {
    to->full = true;
  }
}

static void claim(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  if (to->claimed_count == to->claimed_room) {
    to->full = true;
    return;
  }
  to->claimed[to->claimed_count++] = (struct lc_range){lo, hi};
}

/* Leaves out pages that tcmalloc ever handed out: blocks are scanned when reached, and
 * free ones hold stale pointers. */
static void add_unclaimed(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  uintptr_t start = lo;
  for (uintptr_t at = lo; at < hi;) {
    uintptr_t next = (at & ~(HANDOUT - 1)) + HANDOUT;
    uintptr_t leaf = at >> (LC_PAGE_SHIFT + LC_LEAF_BITS);
    if (leaf >> LC_TOP_BITS != 0 || !lc_leaf_exists(leaf)) {
      next = (leaf + 1) << (LC_PAGE_SHIFT + LC_LEAF_BITS);
    } else if (lc_page_was_handed_out(at)) {
      add_readable(to, start, at);
      start = next;
    }
    at = next;
  }
  add_readable(to, start, hi);
}

/* ---- loaded images: data and bss ---- */

static bool is_loaded_here(const struct lc_maps *maps, const struct lc_mapping *first,
                           uintptr_t bias, const Elf64_Phdr *header) {
  const struct lc_mapping *at = lc_maps_find(maps, bias + header->p_vaddr);
  return header->p_filesz == 0 ||
         (at != NULL && at->inode == first->inode && at->device == first->device &&
          at->offset - at->lo ==
              (header->p_offset & ~(LC_PAGE - 1)) - ((bias + header->p_vaddr) & ~(LC_PAGE - 1)));
}

static const Elf64_Phdr *headers_of(const struct lc_mapping *mapping, unsigned *count) {
  const Elf64_Ehdr *file = (const Elf64_Ehdr *)mapping->lo;
  static const unsigned char magic[4] = {0x7f, 'E', 'L', 'F'};
  for (int i = 0; i < 4; i++) {
    if (file->e_ident[i] != magic[i]) {
      return NULL;
    }
  }
  if (file->e_ident[EI_CLASS] != ELFCLASS64 || file->e_phentsize != sizeof(Elf64_Phdr) ||
      file->e_phoff + file->e_phnum * sizeof(Elf64_Phdr) > mapping->hi - mapping->lo) {
    return NULL;
  }
  *count = file->e_phnum;
  return (const Elf64_Phdr *)(mapping->lo + file->e_phoff);
}

/* With Go's own account of its memory, strict takes only typed words from there. */
static bool is_go_data_left_to_dump(const struct lc_roots *roots, uintptr_t *lo, uintptr_t hi) {
  for (int i = 0; roots->go_exact && lc_config.level == LC_STRICT && i < 4; i++) {
    struct lc_range data = lc_config.go_data[i];
    if (data.lo <= *lo && *lo < data.hi && data.hi <= hi) {
      *lo = data.hi;
      return true;
    }
  }
  return false;
}

static uintptr_t next_go_data(uintptr_t lo, uintptr_t hi) {
  for (int i = 0; i < 4; i++) {
    uintptr_t begins = lc_config.go_data[i].lo;
    hi = begins > lo && begins < hi && begins < lc_config.go_data[i].hi ? begins : hi;
  }
  return hi;
}

static void add_data(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  while (lo < hi) {
    if (!is_go_data_left_to_dump(to->roots, &lo, hi)) {
      uintptr_t next = next_go_data(lo, hi);
      add_mapped_root(to, lo, next);
      lo = next;
    }
  }
}

static void add_image(struct collecting *to, const struct lc_mapping *mapping) {
  unsigned count = 0;
  const Elf64_Phdr *headers = headers_of(mapping, &count);
  uintptr_t bias = 0;
  bool has_bias = false;
  for (unsigned i = 0; headers != NULL && i < count; i++) {
    if (headers[i].p_type != PT_LOAD) {
      continue;
    }
    if (!has_bias) {
      bias = mapping->lo - (headers[i].p_vaddr & ~(LC_PAGE - 1));
      has_bias = true;
    }
    if (!is_loaded_here(to->maps, mapping, bias, &headers[i])) {
      return; /* a file that is merely mapped, not loaded */
    }
  }
  for (unsigned i = 0; has_bias && i < count; i++) {
    if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_W) != 0) {
      uintptr_t lo = bias + headers[i].p_vaddr, hi = lo + headers[i].p_memsz;
      claim(to, lo & ~(LC_PAGE - 1), (hi + LC_PAGE - 1) & ~(LC_PAGE - 1));
      if (!lc_in_agent(lo)) { /* tcmalloc's own lists hold free blocks, and stale slots */
        add_data(to, lo, hi);
      }
    }
  }
}

static void add_images(struct collecting *to) {
  for (size_t i = 0; i < to->maps->count; i++) {
    const struct lc_mapping *mapping = &to->maps->items[i];
    if (mapping->inode != 0 && mapping->offset == 0 && mapping->readable &&
        mapping->hi - mapping->lo >= sizeof(Elf64_Ehdr)) {
      add_image(to, mapping);
    }
  }
}

/* ---- threads ---- */

static const struct lc_stack_record *record_of(uintptr_t thread_pointer, int tid) {
  const struct lc_stack_record *records;
  size_t count = lc_stack_records(&records);
  for (size_t i = 0; i < count; i++) {
    if (thread_pointer != 0 ? records[i].thread_pointer == thread_pointer : records[i].tid == tid) {
      return &records[i];
    }
  }
  return NULL;
}

struct lc_range lc_stack_of(const struct lc_maps *maps, uintptr_t thread_pointer, int tid) {
  const struct lc_stack_record *record = record_of(thread_pointer, tid);
  if (record != NULL) {
    return (struct lc_range){record->lo, record->hi};
  }
  if (tid == lc_main_tid) {
    for (size_t i = 0; i < maps->count; i++) {
      const char *path = maps->items[i].path;
      if (path[0] == '[' && path[1] == 's' && path[2] == 't' && path[6] == ']') {
        return (struct lc_range){maps->items[i].lo, maps->items[i].hi};
      }
    }
  }
  return (struct lc_range){0, 0};
}

static bool is_inside(struct lc_range range, uintptr_t address) {
  return address >= range.lo && address < range.hi;
}

/* Of the loader's own pages only what is known to lie there: the kernel merges them with what the
 * program maps beside them. */
static void add_near(struct collecting *to, uintptr_t address, uintptr_t before, uintptr_t after) {
  const struct lc_mapping *mapping = lc_maps_find(to->maps, address);
  if (mapping != NULL && mapping->readable && mapping->inode == 0 &&
      !lc_page_was_handed_out(address)) {
    uintptr_t lo = address - before, hi = address + after;
    add_unclaimed(to, lo > mapping->lo ? lo : mapping->lo, hi < mapping->hi ? hi : mapping->hi);
  }
}

/* glibc points 16 bytes into the vector that holds a thread's dynamic TLS (nptl/tls.h,
 * tcbhead_t.dtv; elf/dl-tls.c, _dl_allocate_tls): an interior pointer. The main
 * thread's first vector is no block but lies in the loader's pages; its length comes first. */
static void add_dynamic_tls(struct collecting *to, uintptr_t thread_pointer) {
  uintptr_t vector = ((const uintptr_t *)thread_pointer)[LC_DTV_WORD] - 16;
  add_exact(to, vector);
  if (thread_pointer == lc_main_thread_pointer && lc_maps_find(to->maps, vector) != NULL &&
      !lc_page_was_handed_out(vector)) {
    add_near(to, vector, 0, (*(const uintptr_t *)vector + 2) * 16);
  }
}

/* Of the main thread's stack, what libc's start-up code left around main's caller is no frame
 * of the program; above it are argv and the environment. */
static void add_frames(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  struct lc_range start_up = lc_start_up_frames;
  if (start_up.lo != 0 && lo <= start_up.lo && hi >= start_up.hi) {
    add_mapped_root(to, lo, start_up.lo);
    lo = start_up.hi;
  }
  add_mapped_root(to, lo, hi);
}

/* Stopped behind the instruction of a system call, or for a restart at it. In libc's functions
 * alone: no vector register lives on across a call of one, but it may across a program's own asm.
 */
static bool waits_in_libc(uintptr_t pc) {
  return lc_in_image(lc_libc_image, pc) && pc % LC_PAGE >= LC_SYSTEM_CALL_BYTES &&
         (lc_is_system_call_at(pc - LC_SYSTEM_CALL_BYTES) || lc_is_system_call_at(pc));
}

/* Of a thread that waits in libc the caller's frames and registers count, and what it gave to the
 * kernel; libc's own frames, and the registers that a call need not keep, hold what was there
 * before. */
static bool add_wait(struct collecting *to, struct lc_range stack, struct lc_thread *at) {
  static const int kept[6] = LC_KEPT_PLACES, arguments[6] = LC_ARGUMENT_PLACES;
  struct lc_wait wait = {.pc = at->pc, .sp = at->sp};
  for (int i = 0; i < 6; i++) {
    wait.registers[i] = at->in_use[i] = at->registers[kept[i]];
  }
  if (!is_inside(stack, at->sp) || !lc_skip_wait(stack, &wait)) {
    return false;
  }
  memcpy(at->in_use + 6, wait.registers, sizeof wait.registers);
  for (unsigned i = 0; i < wait.arguments; i++) {
    at->in_use[12 + i] = at->registers[arguments[i]];
  }
  add_root(to, (uintptr_t)at->in_use, (uintptr_t)(at->in_use + 12 + wait.arguments));
  add_frames(to, wait.sp, stack.hi);
  return true;
}

/* Where the C frames of a thread begin. A thread that runs Go code has none but those
 * older than the Go code, at g0's saved stack pointer; what lies below is the scheduler's
 * own frames, full of stale words. */
static void add_stack(struct collecting *to, struct lc_range stack, struct lc_thread *at,
                      struct lc_range registers) {
  bool on_g0 = false, called_c = false;
  uintptr_t saved = lc_go_saved_sp(at->thread_pointer, &on_g0, &called_c);
  bool runs_go = saved != 0 && (lc_in_go_text(at->pc) || lc_in_go_arena(at->sp) || !called_c);
  if (runs_go) {
    add_frames(to, is_inside(stack, saved) ? saved : stack.lo, stack.hi);
    if (!on_g0) {
      add_root(to, registers.lo, registers.hi);
    }
    return;
  }
  bool waits = waits_in_libc(at->pc);
  if (waits && at->tid != 0 && add_wait(to, stack, at)) {
    return;
  }
  add_root(to, registers.lo, registers.hi);
  if (!waits) { /* calls keep no vector register: what is there is stale */
    add_root(to, at->vector_state.lo, at->vector_state.hi);
  }
  if (is_inside(stack, at->sp)) {
    /* The leaving one is in a call, and what waits in libc made one: they have no red zone. */
    uintptr_t lo = at->tid != 0 && !waits ? at->sp - LC_RED_ZONE : at->sp;
    add_frames(to, lo > stack.lo ? lo & ~(uintptr_t)7 : stack.lo, stack.hi);
    return;
  }
  /* A fiber, or a signal stack: its frames, and all of the thread's own stack. */
  add_mapped_root(to, stack.lo, stack.hi);
  const struct lc_mapping *mapping = lc_maps_find(to->maps, at->sp);
  if (mapping != NULL && mapping->readable) {
    add_exact(to, at->sp); /* a fiber's stack may be a block */
    add_unclaimed(to, at->sp & ~(uintptr_t)7, mapping->hi);
  }
}

/* The kernel alone may know a block that is a signal stack. Its words count from the stack pointer
 * of a handler on: below, and when there is none, they are what earlier handlers left. */
static void add_signal_stack(struct collecting *to, const struct lc_thread *thread) {
  if (thread->signal_stack.lo != thread->signal_stack.hi) {
    to->roots->signal_stacks[to->roots->signal_stack_count++] = thread->signal_stack;
  }
  if (is_inside(thread->signal_stack, thread->sp)) {
    add_mapped_root(to, thread->sp & ~(uintptr_t)7, thread->signal_stack.hi);
  }
}

static void add_thread(struct collecting *to, struct lc_thread *thread) {
  struct lc_range stack = lc_stack_of(to->maps, thread->thread_pointer, thread->tid);
  claim(to, stack.lo, stack.hi);
  if (thread->ended) {
    return;
  }
  to->roots->threads++;
  if (!thread->answered) {
    to->roots->unanswered++;
    add_mapped_root(to, stack.lo, stack.hi);
    return;
  }
  add_dynamic_tls(to, thread->thread_pointer);
  add_signal_stack(to, thread);
  struct lc_range registers = {(uintptr_t)thread->registers,
                               (uintptr_t)(thread->registers + LC_REGISTERS)};
  add_stack(to, stack, thread, registers);
}

static void add_leaving_thread(struct collecting *to, const struct lc_exit *exit) {
  struct lc_thread self = {.thread_pointer = lc_thread_pointer(),
                           .sp = exit->sp,
                           .pc = exit->pc,
                           .answered = true,
                           .signal_stack = lc_signal_stack()};
  bool is_main = self.thread_pointer == lc_main_thread_pointer;
  struct lc_range stack = lc_stack_of(to->maps, self.thread_pointer, is_main ? lc_main_tid : 0);
  to->roots->threads++;
  claim(to, stack.lo, stack.hi);
  add_dynamic_tls(to, self.thread_pointer);
  add_signal_stack(to, &self);
  add_stack(
      to, stack, &self,
      (struct lc_range){(uintptr_t)exit->registers, (uintptr_t)(exit->registers + LC_REGISTERS)});
}

/* What an ended thread returned is kept in glibc's header until somebody joins it. The kernel
 * sets the header's thread id to 0 at the end. Joining sets it to -1 until glibc 2.42, and in the
 * flags a bit behind it (nptl/descr.h, cancelhandling, TERMINATED_BITMASK), as does the end of a
 * detached thread, whose header points to itself until then (joinid). */
#define FLAGS_BEHIND_TID 0x38u
#define IS_GIVEN_BACK 0x20

static bool awaits_join(const struct lc_stack_record *record) {
  uintptr_t header = lc_descriptor_lo(record->thread_pointer);
  const char *tid = (const char *)header + record->tid_offset;
  if (record->tid_offset == 0 || *(const int *)tid != 0 ||
      (*(const int *)(tid + FLAGS_BEHIND_TID) & IS_GIVEN_BACK) != 0) {
    return false;
  }
  uintptr_t end = lc_descriptor_hi(record->thread_pointer);
  for (uintptr_t at = header + LC_DESCRIPTOR_HEAD; at < end; at += 8) {
    if (at + 8 > record->hi || *(const uintptr_t *)at == header) {
      return at + 8 > record->hi;
    }
  }
  return true;
}

/* A stack is still that stack, and not new memory at the same place, while glibc's header is
 * there. */
bool lc_stack_is_there(const struct lc_maps *maps, const struct lc_stack_record *record) {
  const struct lc_mapping *mapping = lc_maps_find(maps, record->thread_pointer);
  uintptr_t header = lc_descriptor_lo(record->thread_pointer) + record->header_offset;
  return mapping != NULL && mapping->readable &&
         (record->header_offset == 0 || *(const uintptr_t *)header == record->header);
}

/* A finished thread's stack stays mapped in glibc's cache, full of stale pointers. */
static void claim_dead_stacks(struct collecting *to) {
  const struct lc_stack_record *records;
  size_t count = lc_stack_records(&records);
  for (size_t i = 0; i < count; i++) {
    if (lc_stack_is_there(to->maps, &records[i])) {
      if (awaits_join(&records[i])) {
        uintptr_t end = lc_descriptor_hi(records[i].thread_pointer);
        add_mapped_root(to, lc_descriptor_lo(records[i].thread_pointer),
                        end < records[i].hi ? end : records[i].hi);
      }
      claim(to, records[i].lo, records[i].hi);
      add_dynamic_tls(to, records[i].thread_pointer); /* glibc keeps that for the next thread */
    }
  }
}

static void add_threads(struct collecting *to, const struct lc_exit *exit) {
  struct lc_thread *threads;
  const struct lc_range *starts;
  size_t count = lc_threads_stopped(&threads);
  for (size_t i = 0; i < count; i++) {
    add_thread(to, &threads[i]);
  }
  add_leaving_thread(to, exit);
  claim_dead_stacks(to);
  count = lc_pending_starts(&starts);
  for (size_t i = 0; i < count; i++) {
    add_root(to, starts[i].lo, starts[i].hi);
  }
}

/* The main thread's TLS and struct pthread, below and above its thread pointer, and the link maps
 * come from the loader's first pages (elf/dl-minimal.c). struct pthread has 2.3 KB, struct link_map
 * 1.2 KB. */
static void add_loader_memory(struct collecting *to) {
  add_near(to, lc_main_thread_pointer & ~(uintptr_t)7, LC_BELOW_THREAD_POINTER(lc_static_tls_bytes),
           LC_ABOVE_THREAD_POINTER(lc_static_tls_bytes));
  const struct link_map *map = lc_first_link_map;
  for (int i = 0; map != NULL && i < MOST_LINK_MAPS; i++) {
    add_near(to, (uintptr_t)map, 0, 0x600);
    map = map->l_next;
  }
}

/* ---- other memory ---- */

static void sort_claims(struct collecting *to) {
  for (size_t gap = to->claimed_count / 2; gap > 0; gap /= 2) {
    for (size_t i = gap; i < to->claimed_count; i++) {
      struct lc_range held = to->claimed[i];
      size_t at = i;
      for (; at >= gap && to->claimed[at - gap].lo > held.lo; at -= gap) {
        to->claimed[at] = to->claimed[at - gap];
      }
      to->claimed[at] = held;
    }
  }
}

static void add_gaps(struct collecting *to, uintptr_t lo, uintptr_t hi) {
  for (size_t i = 0; i < to->claimed_count && lo < hi; i++) {
    struct lc_range claimed = to->claimed[i];
    if (claimed.hi <= lo || claimed.lo >= hi) {
      continue;
    }
    if (claimed.lo > lo) {
      add_unclaimed(to, lo, claimed.lo);
    }
    lo = claimed.hi;
  }
  if (lo < hi) {
    add_unclaimed(to, lo, hi);
  }
}

static bool is_special(const char *path) { /* [heap] is tcmalloc's, [stack] the main thread's */
  return path[0] == '[' && !(path[1] == 'a' && path[2] == 'n' && path[3] == 'o');
}

#define MOST_CHUNKS 16384u

/* The runtime's own memory holds nothing of the user's, but stale copies: Go's collector notes
 * there what it meets. */
static void claim_go_metadata(struct collecting *to) {
  struct lc_range chunk = lc_go_next_chunk((struct lc_range){0, 0});
  for (unsigned i = 0; chunk.lo != 0 && i < MOST_CHUNKS; i++) {
    claim(to, chunk.lo, chunk.hi);
    chunk = lc_go_next_chunk(chunk);
  }
}

/* Go's arenas are known from the dump, or, without one, scanned whole. */
static void add_go_heap(struct collecting *to) {
  claim_go_metadata(to);
  for (size_t i = 0; i < lc_go_arena_count(); i++) {
    struct lc_range arena = lc_go_arena(i);
    claim(to, arena.lo, arena.hi);
    if (!to->roots->go_exact) {
      add_mapped_root(to, arena.lo, arena.hi);
    }
  }
}

static void add_goroutine_stack(struct lc_range stack, void *context) {
  add_mapped_root(context, stack.lo, stack.hi);
}

static void add_other_memory(struct collecting *to) {
  const struct lc_range *own;
  size_t own_count = lc_own_ranges(&own);
  for (size_t i = 0; i < own_count; i++) {
    claim(to, own[i].lo, own[i].hi);
  }
  sort_claims(to);
  for (size_t i = 0; i < to->maps->count; i++) {
    const struct lc_mapping *mapping = &to->maps->items[i];
    if (mapping->readable && mapping->writable && mapping->private_ && !is_special(mapping->path)) {
      add_gaps(to, mapping->lo, mapping->hi);
    }
  }
}

static void decide_go_liveness(struct lc_roots *roots) {
  if (!lc_config.go) {
    return;
  }
  lc_go_arenas_read();
  if (lc_go_arena_count() == 0) {
    roots->go_why = "the binary's debug information does not say where Go's heap is";
  } else if (!lc_config.go_companion) {
    roots->go_why = lc_config.go_why;
  } else {
    roots->go_why = lc_go_dump_open();
  }
  roots->go_exact = roots->go_why == NULL;
}

const char *lc_roots_collect(struct lc_roots *roots, const struct lc_maps *maps,
                             const struct lc_exit *exit) {
  const struct lc_range *own;
  struct collecting to = {.roots = roots, .maps = maps};
  roots->room = maps->count * 8 + 4 * LC_MAX_RANGES + lc_table_live() / 4;
  roots->ranges = lc_map(roots->room * sizeof *roots->ranges);
  roots->exact_room = 1u << 16;
  roots->exact = lc_map(roots->exact_room * sizeof *roots->exact);
  struct lc_thread *threads;
  size_t threads_count = lc_threads_stopped(&threads) + 1;
  roots->signal_stacks = lc_map(threads_count * sizeof *roots->signal_stacks);
  to.claimed_room = maps->count * 4 + 4 * LC_MAX_RANGES + 2 * lc_own_ranges(&own) + (1u << 16);
  to.claimed = lc_map(to.claimed_room * sizeof *to.claimed);
  if (roots->ranges == NULL || roots->exact == NULL || roots->signal_stacks == NULL ||
      to.claimed == NULL) {
    return "no memory for the list of roots";
  }
  decide_go_liveness(roots);
  if (lc_config.level != LC_DRACONIAN) {
    add_images(&to);
    add_threads(&to, exit);
    add_loader_memory(&to);
    add_go_heap(&to);
    if (roots->go_exact) {
      lc_each_stack_in_c(add_goroutine_stack, &to);
    }
    bool go_heap_is_somewhere = lc_config.go && lc_go_arena_count() == 0;
    if (lc_config.level == LC_NORMAL || go_heap_is_somewhere) {
      add_other_memory(&to);
    }
  }
  return to.full ? "too many memory ranges to scan" : NULL;
}
