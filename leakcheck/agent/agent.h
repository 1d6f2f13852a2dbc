/* The agent's shared words. Every function here is safe inside a malloc hook
 * unless its comment says otherwise: no function of the agent may call malloc,
 * stdio, or anything of libc that takes a lock, except where marked. */
#ifndef LEAKCHECK_AGENT_H
#define LEAKCHECK_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"

#define LC_MAX_FRAMES 128
#define LC_MAX_RANGES 4096

struct lc_range {
  uintptr_t lo, hi;
};

static inline uintptr_t lc_word_at(uintptr_t base, long offset) {
  return *(const uintptr_t *)(base + (uintptr_t)offset);
}
static inline uintptr_t lc_unaligned_word(const unsigned char *at) {
  uintptr_t word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}

/* ---- config.c: what the Python side asked for (docs/agent.md) ---- */
enum lc_level { LC_NORMAL, LC_STRICT, LC_DRACONIAN };

struct lc_config {
  enum lc_level level;
  long deadline_ms;
  bool is_heapcheck; /* gperftools' own checker looks for the leaks: heapcheck.c */
  long malloc_stats; /* MALLOCSTATS */
  long max_blocks; /* in use at one time; 0: no limit */
  bool profile; /* what was freed again is reported too */
  long snapshot_interval_ms, snapshot_step_bytes; /* 0: none */
  bool go;
  uintptr_t go_text_start, go_text_end; /* relocated */
  /* Offsets into runtime.g and runtime.m; -1 when unknown. */
  long g_m, g_sched_sp, g_stack_lo, g_stack_hi, g_syscallsp, g_syscallpc, g_syscallbp, g_goid;
  long g_gopc, g_parent;
  long m_g0, m_curg;
  uintptr_t go_modules; /* runtime.firstmoduledata; offsets in it, and in runtime._func */
  long module_functions, module_table, module_text, module_rodata, module_gofunc, module_next,
      module_names;
  long function_npcdata, function_nfuncdata;
  /* testing.tRunner's code, and where its argument t is, counted from the frame's canonical
   * address; the place of the name in testing.T. */
  /* runtime/debug.WriteHeapDump, runtime.startTheWorld, runtime.allgs */
  uintptr_t go_dumper, go_world_starter, go_allgs;
  uintptr_t go_persistent, go_allp; /* runtime.persistentChunks, runtime.allp */
  uintptr_t go_allglen, go_allgptr; /* runtime's lock-free view of all goroutines */
  long g_status;
  uintptr_t go_cgocall, go_cgocall_end; /* runtime.cgocall */
  uintptr_t trunner_start, trunner_end;
  long trunner_t, t_name;
  /* runtime.mheap_.heapArenas (allArenas before Go 1.25): the address of the slice. */
  uintptr_t go_arenas;
  struct lc_range go_data[4]; /* data, bss, noptrdata, noptrbss; relocated */
  bool go_companion; /* the binary was built with it */
  char go_why[512]; /* else: why not */
  long tlsg; /* 0 when unknown: a real one is negative on amd64, at least 16 on arm64 */
  bool has_go_frames;
  char run_dir[4096];
};
extern struct lc_config lc_config;
/* Returns NULL, or why the configuration cannot be used. */
const char *lc_config_read(const char *run_dir);

/* ---- memory.c: the agent's own memory, from mmap alone ---- */
void *lc_map(size_t bytes); /* zeroed; NULL when the kernel has no more */
void lc_unmap(void *start, size_t bytes);
/* The agent's own mappings, to keep them out of the roots. */
size_t lc_own_ranges(const struct lc_range **out);
long lc_copy_process(void); /* as fork does, but none of its handlers are run */
void lc_memory_alone(void); /* in a copy: nobody else is there to give a lock back */
/* Loaded images that are not the program's: the agent, tcmalloc, the dynamic loader. */
extern struct lc_range lc_agent_image, lc_tcmalloc_image, lc_loader_image, lc_libc_image;
static inline bool lc_in_image(struct lc_range image, uintptr_t address) {
  return address >= image.lo && address < image.hi;
}
static inline bool lc_in_agent(uintptr_t address) { /* the agent's or tcmalloc's */
  return lc_in_image(lc_agent_image, address) || lc_in_image(lc_tcmalloc_image, address);
}
struct lc_range lc_image_around(uintptr_t address);
struct lc_range lc_function_at(uintptr_t address); /* an exported one; empty when unknown */

/* ---- depot.c: stacks, each stored once ---- */
#define LC_NO_STACK 0u
struct lc_stack {
  uint32_t next, hash;
  uint32_t count; /* frames; C frames first, then Go frames, then the goroutine's creator */
  uint32_t test; /* lc_test_named; 0 when unknown */
  uint32_t row[3]; /* scratch for report.c: place in each file, counted from 1 */
  uint64_t allocated_objects, allocated_bytes;
  uintptr_t frames[];
};
/* LC_NO_STACK: full. */
uint32_t lc_depot_put(const uintptr_t *frames, uint32_t count, uint32_t test);
struct lc_stack *lc_depot_get(uint32_t id);
/* Whether a stack is these frames behind so many others. */
bool lc_depot_ends(uint32_t id, uint32_t others, const uintptr_t *frames, uint32_t count,
                   uint32_t test);
uint32_t lc_depot_count(void);
void lc_depot_each(void (*visit)(uint32_t id, struct lc_stack *stack, void *context),
                   void *context);

/* ---- memo.c: C stacks met before ---- */
#define LC_MEMO_FRAMES 60u
#define LC_MEMO_WORDS 90u
struct lc_start { /* where unwinding starts: the caller of a hook */
  uintptr_t pc, sp, bp;
};
struct lc_memo {
  struct lc_start start;
  bool is_whole;
  bool needs_bp; /* the stack depends on the frame pointer at the start */
  uint32_t words; /* to be compared, from the innermost frame outwards */
  uint32_t count; /* frames, as lc_unwind_c gives them */
  uint32_t stack; /* the last one in the depot that began with these frames */
  uint32_t offsets[LC_MEMO_WORDS]; /* from sp */
  uintptr_t values[LC_MEMO_WORDS];
  uintptr_t frames[LC_MEMO_FRAMES];
};
void lc_memo_start(void *libunwind); /* not safe in a hook */
struct lc_memo *lc_memo_find(const struct lc_start *start); /* NULL: not known */
void lc_memo_keep(const struct lc_start *start, const uintptr_t *frames, uint32_t count);

/* ---- unwind.c: the cursor, also for memo.c ---- */
/* libunwind's interface for its own process (libunwind-x86_64.h, libunwind-aarch64.h); the context
 * is a ucontext_t. */
#define LC_CURSOR_WORDS 512u /* opaque; 127 up to 1.8 */
struct lc_cursor_interface {
  bool is_whole; /* false without libunwind */
  int (*init)(uintptr_t *cursor, void *context);
  int (*step)(uintptr_t *cursor);
  int (*get)(uintptr_t *cursor, int number, uintptr_t *value);
};
extern struct lc_cursor_interface lc_cursor;
/* Around the use of a cursor in a hook: all signals are blocked, and are then as they were. */
uint64_t lc_unwinding_begins(void);
void lc_unwinding_ends(uint64_t signals);

/* ---- perthread.c ---- */
#define LC_TALLIES 16u
#define LC_MEMOS 256u
#define LC_MEMO_SETS 32u
struct lc_tally {
  uint32_t stack;
  uint32_t objects;
  uint64_t bytes;
};
struct lc_per_thread {
  uintptr_t thread_pointer;
  int64_t unsettled_bytes;
  uintptr_t cursor[LC_CURSOR_WORDS];
  struct lc_tally tallies[LC_TALLIES];
  uint8_t misses[LC_MEMO_SETS], turns[LC_MEMO_SETS], latest[LC_MEMO_SETS]; /* by set */
  struct lc_memo memos[LC_MEMOS];
};
struct lc_per_thread *lc_per_thread(void); /* in the outermost capture; NULL: no memory */
/* An allocation at a stack; where no signal handler of this thread can do the same. */
void lc_tally(uint32_t stack, size_t bytes);
void lc_tallies_settle(void); /* in the checker */
/* That came into use, or went out of it; likewise. */
void lc_account(int64_t bytes);
uint64_t lc_bytes_in_use(void); /* roughly; 0 unless profiles are taken by steps of it */

/* ---- table.c: the blocks in use ---- */
#define LC_OWNED_BY_AGENT 0xffffffffu
struct lc_block {
  uintptr_t address; /* 0: free slot */
  size_t bytes;
  uint32_t stack;
  uint32_t sequence;
};
void lc_table_add(uintptr_t address, size_t bytes, uint32_t stack);
bool lc_table_remove(uintptr_t address);
uint64_t lc_table_live(void);
const struct lc_block *lc_table_find(uintptr_t address); /* while nothing changes; or NULL */
/* So that a copy of the table is whole; false when it is being changed and stays so. */
bool lc_table_hold(void);
void lc_table_release(void);
void lc_table_drop_older(void); /* in the checker, before the others of these */
void lc_table_each(void (*visit)(const struct lc_block *block, void *context), void *context);
/* This thread is inside a cell, or has something to do there that a signal handler put off. */
bool lc_table_is_busy(void);

/* ---- shards.c: those that stay ---- */
enum lc_kept { LC_KEPT, LC_REPLACED, LC_OVER_LIMIT, LC_NO_MEMORY };
enum lc_kept lc_shards_add(const struct lc_block *block);
const struct lc_block *lc_shards_find(uintptr_t address);
bool lc_shards_remove(uintptr_t address, size_t *bytes);
uint64_t lc_shards_used(void);
void lc_shards_each(void (*visit)(const struct lc_block *block, void *context), void *context);

/* ---- pages.c ---- */
/* Pages (8 KiB, tcmalloc's) on which a block was ever handed out. */
#define LC_PAGE_SHIFT 13
#define LC_LEAF_BITS 15
#define LC_TOP_BITS (LC_ADDRESS_BITS - LC_PAGE_SHIFT - LC_LEAF_BITS)
void lc_note_pages(uintptr_t address, size_t bytes);
/* Clears a fresh block: a free block keeps tcmalloc's link to the next free one in its first
 * word, and a former owner's pointers behind it, and either would hold other blocks. Pages
 * never handed out before come cleared from the kernel. Before lc_table_add. */
void lc_clear_fresh(uintptr_t address, size_t bytes);
bool lc_page_was_handed_out(uintptr_t address);
bool lc_leaf_exists(uintptr_t top_index);

/* ---- counters, written by hooks.c and table.c ---- */
struct lc_counters {
  uint64_t allocations, frees, unknown_frees, lost;
  uint64_t over_limit; /* those of the lost that max_blocks forbade */
};
void lc_counters_sum(struct lc_counters *sum);
void lc_count_lost(void);

/* ---- sbrk.c, realloc.c, aligned.c: what is interposed, and where it goes on to ---- */
void lc_sbrk_start(void);
void lc_realloc_start(void);
void lc_aligned_start(void);

/* ---- hooks.c ---- */
const char *lc_hooks_install(void); /* NULL, or why not. Not safe in a hook. */
/* Learns where tcmalloc lies from something inside it; NULL, or why it is of no use. */
const char *lc_take_tcmalloc(const void *inside);
extern __thread int lc_guard __attribute__((tls_model("initial-exec")));
extern __thread bool lc_in_realloc __attribute__((tls_model("initial-exec")));
struct lc_request {
  bool is_set;
  size_t alignment, bytes;
};
/* What an aligned allocation function was asked for (aligned.c). */
extern __thread struct lc_request lc_aligned __attribute__((tls_model("initial-exec")));
extern bool lc_program_begun; /* libraries are initialised; set by __libc_start_main */

/* ---- unwind.c, gostack.c ---- */
void lc_unwind_start(void); /* not safe in a hook: loads a library */
const char *lc_unwinder_name(void);
const char *lc_go_frames_state(void); /* "yes", "no: reason" or "-" */
uint32_t lc_unwind_c(uintptr_t *frames, uint32_t room);
uint32_t lc_unwind_c_again(uintptr_t *frames, uint32_t room, bool *is_own);
uint32_t lc_unwind_go(uintptr_t *frames, uint32_t room, uint32_t *test);
void lc_go_stack_start(void);
/* Saved SP of the thread's g0: where C frames older than the running Go code begin; 0 if
 * `thread_pointer` belongs to no Go thread. `called_c`: its goroutine is in C, or in a system
 * call. */
uintptr_t lc_go_saved_sp(uintptr_t thread_pointer, bool *on_g0, bool *called_c);
static inline bool lc_in_go_text(uintptr_t pc) {
  return pc >= lc_config.go_text_start && pc < lc_config.go_text_end;
}
bool lc_in_go_arena(uintptr_t address);
/* Reads the list of arenas; runs in the forked checker. */
void lc_go_arenas_read(void);
/* Calls `visit` with the stack of each goroutine that is in C, or was when its frames were
 * dumped: C may have stored a result there since. */
void lc_each_stack_in_c(void (*visit)(struct lc_range stack, void *context), void *context);
size_t lc_go_arena_count(void); /* 0 when unknown */
struct lc_range lc_go_arena(size_t index);
/* The runtime's own memory outside of its heap, chunk by chunk, from {0, 0} to {0, 0}. */
struct lc_range lc_go_next_chunk(struct lc_range before);
bool lc_go_is_processor(struct lc_range object);

/* ---- godump.c: the companion's heap dump; runs in the forked checker ---- */
bool lc_go_dump_is_there(void); /* whole or not */
const char *lc_go_dump_open(void); /* NULL, or why there is none */
const char *lc_go_dump_each_word(bool every_word, void (*visit)(uintptr_t word));

/* ---- gofunctions.c ---- */
struct lc_go_object { /* runtime.stackObjectRecord */
  int32_t offset; /* from the end of the locals, or, not negative, from the arguments' start */
  int32_t bytes, pointer_bytes;
  uint32_t pointers; /* behind the module's rodata */
};
struct lc_go_objects {
  const struct lc_go_object *items;
  size_t count;
  uintptr_t rodata;
  /* runtime.stackmap: which words at the end of the locals are pointers alive, one map for each
   * stretch of the code */
  const unsigned char *maps;
  uint32_t map_count, map_bits;
  uint32_t argument_bytes; /* in the caller's frame; also room for those passed in registers */
};
/* False when the tables do not know a function that begins at `pc`. */
bool lc_go_stack_objects(uintptr_t pc, struct lc_go_objects *objects);
/* How much of its frame the function that begins there uses for arguments and results of C. */
uint32_t lc_go_bytes_for_c(uintptr_t pc);

/* ---- goroutine.c: its frames, from the innermost outwards, then its pointers, then the end ----
 */
struct lc_go_frame {
  uintptr_t sp, entry;
  const unsigned char *contents, *name;
  uint64_t bytes, name_bytes;
};
/* With `every_word` so count the words of users' frames. */
void lc_goroutine_begin(uintptr_t sp, bool every_word, void (*visit)(uintptr_t word));
/* True when the words that the dump calls pointers are to follow, false when all were taken. */
bool lc_goroutine_frame(const struct lc_go_frame *frame);
void lc_goroutine_pointer(uintptr_t word);
bool lc_goroutine_end(void); /* false: no memory */

/* ---- tests.c ---- */
uint32_t lc_test_named(const char *text, size_t bytes);
const char *lc_test_name(uint32_t test, size_t *bytes);
/* `own_test` is what the goroutine's own stack says, or 0. */
bool lc_is_new_goroutine(uint64_t goroutine);
uint32_t lc_test_of_goroutine(uint64_t goroutine, uint64_t parent, uint32_t own_test);

/* ---- threads.c ---- */
struct lc_thread {
  uintptr_t thread_pointer;
  uintptr_t registers[LC_REGISTERS];
  uintptr_t sp, pc;
  struct lc_range vector_state;
  struct lc_range signal_stack; /* empty: none */
  int tid;
  bool answered;
  bool ended; /* no thread any more: nothing of it is a root */
  uintptr_t in_use[18]; /* while it waits in libc: the registers that count */
};
struct lc_stack_record {
  uintptr_t thread_pointer; /* 0: free slot */
  uintptr_t lo, hi;
  uintptr_t header; /* glibc's own word of where the stack begins */
  uint32_t header_offset; /* of that word behind thread_pointer; 0 unknown */
  uint32_t tid_offset; /* likewise of the thread id */
  int tid;
};
void lc_threads_start(void);
void lc_threads_stop(void); /* stops all but the caller */
void lc_threads_release(void);
void lc_threads_stop_again(void); /* lets them run on for a moment */
/* The stop signal came while the thread was inside a cell; it stops when it is out. */
extern __thread volatile bool lc_stop_pending __attribute__((tls_model("initial-exec")));
void lc_threads_stop_self(void);
size_t lc_threads_stopped(struct lc_thread **out);
struct lc_range lc_signal_stack(void); /* the caller's, of sigaltstack() */
size_t lc_stack_records(const struct lc_stack_record **out);
size_t lc_pending_starts(const struct lc_range **out); /* memory that holds start arguments */
extern struct lc_range lc_pthread_create; /* glibc's code */
extern uintptr_t lc_main_thread_pointer;
extern int lc_main_tid;

struct lc_exit {
  const char *moment;
  int code;
  uintptr_t sp; /* of the leaving thread, at the exit call */
  uintptr_t pc; /* behind that call */
  uintptr_t registers[LC_REGISTERS];
};

/* ---- arch_*.c ---- */
void lc_arch_start(void); /* first of all */
/* Code, and what it must be compared with: patch.c. */
extern const unsigned char lc_go_exit_code[LC_GO_EXIT_BYTES]; /* runtime.exit */
void lc_encode_jump(unsigned char code[LC_JUMP_BYTES], const void *target);
void lc_encode_far_jump(unsigned char code[LC_FAR_JUMP_BYTES], const void *target);
void lc_encode_call(unsigned char code[LC_CALL_BYTES], uintptr_t at, uintptr_t callee);
void lc_encode_near_jump(unsigned char code[LC_NEAR_JUMP_BYTES], uintptr_t at, uintptr_t target);
uintptr_t lc_callee_of(uintptr_t at); /* 0 when no call stands there */
bool lc_is_empty_function(const unsigned char *code); /* with room for a near jump */
/* Registers of a stopped thread, from the context that its signal handler got. */
void lc_keep_context(struct lc_thread *self, const void *signal_context);
/* As they are when the exit call returns; the context is a ucontext_t. */
void lc_context_behind_call(void *unwinders_context, const struct lc_exit *exit);
/* Go's frames: gostack.c. A frame is named by its frame pointer: the caller's frame pointer is kept
 * there, the return address behind it. */
bool lc_go_cgocall_start(void); /* false: the frame of runtime.cgocall is not recognised */
uintptr_t lc_go_cgocall_frame(uintptr_t sp); /* by the stack pointer in its body */
/* By where a return address into it lies; 0 when it cannot be one that asmcgocall left. */
uintptr_t lc_go_frame_at_return(uintptr_t slot);
uintptr_t lc_go_frame_base(uintptr_t bp); /* DWARF's canonical frame address; 0 when unknown */

/* ---- exits.c, patch.c ---- */
extern struct lc_range lc_start_up_frames; /* of libc, between main's caller and argv */
extern const struct link_map *lc_first_link_map;
extern uintptr_t lc_static_tls_bytes; /* at most, below a thread pointer */
void lc_exits_find(void); /* first of all, and also in a process that is not observed */
const char *lc_exits_start(void); /* NULL, or why the exit bridge is not in place */
bool lc_patch_jump(uintptr_t at, const void *target);
bool lc_patch_near_jump(uintptr_t at, const void *target); /* shorter */
const char *lc_patch_go_exit(const void *target);
/* Redirects the call of `callee` in `function`; false when there is none. */
bool lc_patch_call(uintptr_t function, uintptr_t callee, const void *target);
/* What a function calls first, of the image's functions; 0 when nothing. */
uintptr_t lc_first_call(struct lc_range function, struct lc_range image);
void lc_world_thunk(void);
void lc_go_exit_thunk(void);
void lc_libc_exit_thunk(void);
void lc_exit_begins_thunk(void);
void lc_call_on_stack(void (*function)(void *), void *argument, void *stack_top);

/* ---- heapcheck.c ---- */
const char *lc_heapcheck_start(void); /* NULL, or why there can be no check. Not safe in a hook. */
void lc_heapcheck_cancel_own_check(void); /* before exit handlers */
void lc_forget_checker_variables(char **original); /* start.c; when libraries are initialised */
bool lc_heapcheck_locks_are_free(void); /* while all other threads are stopped */
void __attribute__((noreturn)) lc_heapcheck_be_the_checker(const struct lc_exit *exit);

/* ---- stats.c ---- */
extern void (*lc_get_stats)(char *buffer, int bytes); /* tcmalloc's; NULL: has none */
void lc_stats_start(void);
void lc_stats_print(void); /* MALLOCSTATS */

/* ---- canary.c ---- */
#define LC_CANARY_BYTES 1117
void lc_canary_leak(void); /* not safe in a hook */
bool lc_is_canary(const struct lc_block *block);

/* ---- check.c ---- */
void lc_check(const struct lc_exit *exit); /* once a process */
/* unwind.c: from an exit call within libc to the frame of the program that called libc. `sp` points
 * to the return address. Not safe in a hook. */
void lc_skip_libc_frames(struct lc_exit *exit);
/* Sees to it that the frozen copy is taken while Go's world still stands for the dump. */
void lc_snapshot_at_dump_start(void);
extern int lc_observed_pid; /* 0 until the agent is in place */
bool lc_is_observed_process(void);
void lc_observe_this_process(void);

void lc_default_signals(void);

/* ---- snapshot.c ---- */
#define LC_CHECKS_A_STEP 16 /* so often in a step of memory it is seen whether it is over */
void lc_snapshot_start(void);
void lc_snapshot_consider(size_t bytes); /* that were just allocated */
void lc_snapshot_finish(void);

/* ---- maps.c: /proc/self/maps, and the loaded images ---- */
struct lc_mapping {
  uintptr_t lo, hi;
  uint64_t offset, inode;
  uint32_t device;
  bool readable, writable, executable, private_;
  char path[256]; /* cut when longer: compared by inode, never by name */
  const char *line; /* as the kernel wrote it */
  size_t line_bytes;
};
struct lc_maps {
  struct lc_mapping *items;
  size_t count;
  char *text; /* as read */
  size_t text_bytes;
  size_t room; /* for the text */
};
const char *lc_maps_read(struct lc_maps *maps); /* into the same memory, when it has some */
const struct lc_mapping *lc_maps_find(const struct lc_maps *maps, uintptr_t address);

/* ---- waits.c ---- */
struct lc_wait {
  uintptr_t pc, sp, registers[6]; /* rbx, rbp, r12 to r15 */
  unsigned arguments; /* so many the system call has */
};
void lc_waits_start(void); /* not safe in a hook: looks symbols up */
/* From the system call of a waiting function of libc to the caller of that function; false, and
 * nothing changed, where it is none. Runs in the forked checker. */
bool lc_skip_wait(struct lc_range stack, struct lc_wait *wait);

/* ---- unload.c ---- */
struct r_debug; /* link.h */
void lc_unload_start(const struct r_debug *debug);
/* The lines of /proc/self/maps of libraries that the program unloaded. */
size_t lc_unloaded(const char **text);

/* ---- unforked.c ---- */
bool lc_share_with_copy(void); /* false: more is kept from children than was noted */

/* ---- roots.c ---- */
struct lc_roots {
  struct lc_range *ranges;
  size_t count, room;
  uint64_t bytes;
  uint64_t threads, unanswered;
  uintptr_t *exact; /* pointers found elsewhere, to the start of blocks */
  size_t exact_count, exact_room;
  struct lc_range *signal_stacks; /* some of them blocks */
  size_t signal_stack_count;
  bool go_exact; /* Go's memory is known from the companion's dump, not scanned */
  const char *go_why; /* else: why not */
};
bool lc_is_readable(uintptr_t address); /* the page it is on */
bool lc_stack_is_there(const struct lc_maps *maps, const struct lc_stack_record *record);
struct lc_range lc_stack_of(const struct lc_maps *maps, uintptr_t thread_pointer, int tid);
const char *lc_roots_collect(struct lc_roots *roots, const struct lc_maps *maps,
                             const struct lc_exit *exit);

/* ---- streams.c ---- */
void lc_forget_ends_of_streams(void);

/* ---- blocks.c: those in use, from 0 by their addresses ---- */
#define LC_NO_BLOCK SIZE_MAX
bool lc_blocks_sort(void); /* false: no memory */
size_t lc_blocks_count(void);
const struct lc_block *lc_block_at(size_t index); /* takes as long as to find it in the table */
struct lc_range lc_block_words(size_t index); /* from its start to the end of its last whole word */
bool lc_block_is_own(size_t index); /* the agent's: not the program's, or the canary */
/* The block that `word` points to: its start, or inside it where that counts. */
size_t lc_blocks_locate(uintptr_t word, bool interior);

/* ---- mark.c ---- */
enum { LC_LOST = 0, LC_REACHABLE = 1 };
struct lc_marks { /* of each block */
  size_t count;
  uint8_t *state;
  uint32_t *owner; /* of a lost block: the direct leak that holds it (itself when direct) */
  size_t canary; /* or LC_NO_BLOCK */
};
const char *lc_mark(struct lc_marks *marks, const struct lc_roots *roots);
/* Calls `visit` for each readable, present part of a range. */
void lc_each_present(struct lc_range range, void (*visit)(struct lc_range part, void *context),
                     void *context);

/* ---- report.c ---- */
const char *lc_report_snapshot(unsigned number, const struct lc_maps *maps);
void lc_report_failure(const char *why, const char *detail);
const char *lc_report_write(const struct lc_marks *marks, const struct lc_roots *roots,
                            const struct lc_maps *maps, const struct lc_exit *exit,
                            uint64_t took_us);
const char *lc_report_heapcheck(const struct lc_exit *exit, bool found_none, uint64_t took_us);

/* ---- words.c: what is left when nothing can be written any more ---- */
void lc_words_start(void);
void lc_words_leaving(int code);
bool lc_words_failure(const char *why, const char *detail); /* false: not kept */

/* ---- text.c: output without libc ---- */
struct lc_out {
  int fd;
  int error; /* errno of the first failed write */
  size_t used;
  char buffer[1 << 16];
};
void lc_in_run_dir(char *path, size_t room, const char *name, const char *suffix);
bool lc_out_open(struct lc_out *out, const char *name); /* in the run directory, temporary */
bool lc_out_close(struct lc_out *out, const char *name); /* flushes and renames */
void lc_put(struct lc_out *out, const char *text);
void lc_put_bytes(struct lc_out *out, const char *bytes, size_t count);
void lc_put_number(struct lc_out *out, uint64_t number, int width);
void lc_put_hex(struct lc_out *out, uint64_t number);
uint64_t lc_now_us(void);

#endif
