/* The hooks themselves, on tcmalloc's public C interface (gperftools/malloc_hook_c.h:
 * MallocHook_AddNewHook, MallocHook_AddDeleteHook). They cover malloc, calloc, realloc,
 * memalign, operator new and the rest, in the minimal and the full library.
 * Inside a hook nothing may allocate: what the unwinder allocates all the same is marked
 * as the agent's own. What a signal handler allocates that interrupts a hook is the program's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "agent.h"

typedef void (*new_hook)(const void *block, size_t bytes);
typedef void (*delete_hook)(const void *block);
typedef int (*add_new_hook)(new_hook hook);
typedef int (*add_delete_hook)(delete_hook hook);

__thread int lc_guard __attribute__((tls_model("initial-exec")));

bool lc_program_begun;

/* Before the program begins, what the loader allocates, or tcmalloc's own constructor when
 * called by the loader, belongs to neither the program nor its libraries. */
static bool is_start_up(const uintptr_t *frames, uint32_t count) {
  return !lc_program_begun && count > 0 && lc_in_image(lc_loader_image, frames[0]);
}

/* The vector of a thread's dynamic TLS, which the loader allocates for pthread_create: glibc
 * keeps it with the stack, for the next thread. Threads that libc makes for itself (timers) are
 * in no record of ours. */
static bool is_made_for_thread(const uintptr_t *frames, uint32_t count) {
  uint32_t at = 0;
  while (at < count && lc_in_image(lc_loader_image, frames[at])) {
    at++;
  }
  return at > 0 && at < count && lc_in_image(lc_pthread_create, frames[at]);
}

static bool is_programs(const uintptr_t *frames, uint32_t count) {
  return !is_start_up(frames, count) && !is_made_for_thread(frames, count);
}

static uint32_t put(const uintptr_t *frames, uint32_t count, uint32_t test) {
  uint32_t id = lc_depot_put(frames, count, test);
  if (id == LC_NO_STACK) {
    lc_count_lost();
  }
  return id;
}

/* Most often Go's part is what it was the last time too. */
static uint32_t by_memo(struct lc_memo *memo) {
  uintptr_t frames[LC_MAX_FRAMES], *go = frames + memo->count;
  uint32_t test = 0;
  if (memo->stack == LC_NO_STACK && !is_programs(memo->frames, memo->count)) {
    return LC_OWNED_BY_AGENT;
  }
  uint32_t count = lc_unwind_go(go, LC_MAX_FRAMES - memo->count, &test);
  if (memo->stack == LC_NO_STACK || !lc_depot_ends(memo->stack, memo->count, go, count, test)) {
    for (uint32_t i = 0; i < memo->count; i++) {
      frames[i] = memo->frames[i];
    }
    memo->stack = put(frames, memo->count + count, test);
  }
  return memo->stack;
}

/* With the C frames in place. */
static uint32_t by_frames(uintptr_t *frames, uint32_t count) {
  uint32_t test = 0;
  if (!is_programs(frames, count)) {
    return LC_OWNED_BY_AGENT;
  }
  count += lc_unwind_go(frames + count, LC_MAX_FRAMES - count, &test);
  return put(frames, count, test);
}

static uint32_t by_unwinder(const struct lc_start *start) {
  uintptr_t frames[LC_MAX_FRAMES];
  uint32_t count = lc_unwind_c(frames, LC_MAX_FRAMES);
  lc_memo_keep(start, frames, count);
  return by_frames(frames, count);
}

static uint32_t in_signal_handler(void) {
  uintptr_t frames[LC_MAX_FRAMES];
  bool is_own = false;
  uint32_t count = lc_unwind_c_again(frames, LC_MAX_FRAMES, &is_own);
  return is_own ? LC_OWNED_BY_AGENT : by_frames(frames, count);
}

/* How many captures this thread is in: a signal handler that allocates may interrupt one. */
static __thread int captures __attribute__((tls_model("initial-exec")));
#define MOST_CAPTURES 3

static uint32_t outermost(const struct lc_start *start) {
  struct lc_memo *memo = lc_memo_find(start);
  return memo != NULL ? by_memo(memo) : by_unwinder(start);
}

static uint32_t capture(const struct lc_start *start) {
  if (captures == MOST_CAPTURES) {
    return LC_NO_STACK;
  }
  captures++;
  uint32_t id = captures == 1 ? outermost(start) : in_signal_handler();
  captures--;
  return id;
}

/* In a child of fork the hooks do nothing: it is not observed, and a lock of ours may be held
 * by a thread that the child does not have. */
static bool is_forked_child;

static void after_fork(void) { is_forked_child = true; }

static size_t requested(size_t bytes) {
  bool fits = lc_aligned.is_set && bytes >= lc_aligned.bytes &&
              bytes - lc_aligned.bytes <= lc_aligned.alignment;
  lc_aligned.is_set = false;
  return fits ? lc_aligned.bytes : bytes;
}

static void on_new(const void *block, size_t bytes) {
  if (block == NULL || is_forked_child) {
    return;
  }
  if (!lc_in_realloc) {
    lc_clear_fresh((uintptr_t)block, bytes);
  }
  bytes = requested(bytes);
  const uintptr_t *frame = __builtin_frame_address(0); /* caller's frame pointer, return address */
  struct lc_start start = {.pc = frame[1], .sp = (uintptr_t)(frame + 2), .bp = frame[0]};
  uint32_t stack = lc_guard != 0 ? LC_OWNED_BY_AGENT : capture(&start);
  lc_table_add((uintptr_t)block, bytes, stack);
  lc_snapshot_consider(bytes);
  lc_clear_vector_registers();
}

static void on_delete(const void *block) {
  if (block != NULL && !is_forked_child) {
    lc_table_remove((uintptr_t)block);
  }
}

/* Where calls of malloc end. In a program linked to a fixed address that takes malloc's address, an
 * entry of its own procedure linkage table stands for it, and no symbol is defined there. */
static void *find_allocator(void) {
  void *found = dlsym(RTLD_DEFAULT, "malloc");
  Dl_info info;
  const ElfW(Sym) *symbol = NULL;
  bool is_defined = dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) != 0 &&
                    info.dli_saddr == found && symbol != NULL && symbol->st_shndx != SHN_UNDEF;
  return is_defined ? found : dlsym(RTLD_NEXT, "malloc");
}

const char *lc_take_tcmalloc(const void *inside) {
  void *allocator = find_allocator();
  lc_sbrk_start();
  lc_tcmalloc_image = lc_image_around((uintptr_t)inside);
  if (allocator == NULL || !lc_in_agent((uintptr_t)allocator)) {
    return "malloc is not tcmalloc's: the program brings an allocator of its own";
  }
  return NULL;
}

const char *lc_hooks_install(void) {
  add_new_hook add_new = (add_new_hook)dlsym(RTLD_DEFAULT, "MallocHook_AddNewHook");
  add_delete_hook add_delete = (add_delete_hook)dlsym(RTLD_DEFAULT, "MallocHook_AddDeleteHook");
  if (add_new == NULL || add_delete == NULL) {
    return "no tcmalloc with malloc hooks (MallocHook_AddNewHook) is loaded";
  }
  const char *why = lc_take_tcmalloc((const void *)add_new);
  if (why != NULL) {
    return why;
  }
  lc_guard++;
  int unregistered = pthread_atfork(NULL, NULL, after_fork);
  lc_guard--;
  if (unregistered != 0) {
    return "no memory to watch for fork";
  }
  if (add_delete(on_delete) == 0 || add_new(on_new) == 0) {
    return "tcmalloc refused the malloc hooks";
  }
  return NULL;
}
