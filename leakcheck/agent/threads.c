/* Thread stacks, and stopping the world.
 * pthread_create is interposed to learn each stack's exact bounds: adjacent mappings merge
 * in /proc/self/maps. At the check every other thread is stopped by glibc's own SETXID
 * signal, which no program can block through libc, and says its registers; what the
 * handler does is raw system calls alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#include "agent.h"
#include "sys.h"

#define STOP_SIGNAL 33
#define CHUNK_RECORDS 8192u
#define MAX_STOPPED 32768u
#define WAIT_US 300000u /* for a thread that will hardly answer */
#define PATIENCE_US 5000000u /* for one that is only waiting for a processor */

typedef int (*create_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int (*thrd_function)(thrd_t *, thrd_start_t, void *);
static create_function real_create;
static thrd_function real_thrd_create;

uintptr_t lc_main_thread_pointer;
int lc_main_tid;
struct lc_range lc_pthread_create;

/* ---- records of stacks ---- */
static struct lc_stack_record records[CHUNK_RECORDS];
static size_t record_count;
static volatile int record_lock;

#define FIRST_OFFSET 64u

static uintptr_t descriptor_end(const struct lc_stack_record *record) {
  uintptr_t end = lc_descriptor_hi(record->thread_pointer);
  return end < record->hi ? end : record->hi;
}

#define MOST_GUARD_BYTES ((uintptr_t)1 << 20)

/* Where glibc notes the stack's start and size (nptl/descr.h, stackblock): with the guard, which
 * pthread_attr_getstack leaves out. */
static void find_header(struct lc_stack_record *record) {
  uintptr_t start = lc_descriptor_lo(record->thread_pointer), end = descriptor_end(record);
  for (uintptr_t at = start + FIRST_OFFSET; at + 16 <= end; at += 8) {
    const uintptr_t *word = (const uintptr_t *)at;
    if (word[0] <= record->lo && record->lo - word[0] <= MOST_GUARD_BYTES &&
        word[0] + word[1] == record->hi) {
      record->header_offset = (uint32_t)(at - start);
      record->header = word[0];
      return;
    }
  }
}

static uint32_t find_tid(const struct lc_stack_record *record) {
  uintptr_t start = lc_descriptor_lo(record->thread_pointer), end = descriptor_end(record);
  for (uintptr_t at = start + FIRST_OFFSET; at + 4 <= end; at += 4) {
    if (*(const int *)at == record->tid) {
      return (uint32_t)(at - start);
    }
  }
  return 0;
}

/* Where the stack ends, when a finished thread has used it before; else 0. */
static uintptr_t record_stack(void) {
  pthread_attr_t attributes;
  void *lo = NULL;
  size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
    return 0;
  }
  pthread_attr_getstack(&attributes, &lo, &bytes);
  pthread_attr_destroy(&attributes);
  struct lc_stack_record record = {
      .thread_pointer = lc_thread_pointer(),
      .lo = (uintptr_t)lo,
      .hi = (uintptr_t)lo + bytes,
      .tid = (int)lc_sys0(SYS_gettid),
  };
  find_header(&record);
  record.tid_offset = find_tid(&record);
  uint64_t signals = lc_lock_quietly(&record_lock);
  size_t at = 0;
  while (at < record_count && records[at].thread_pointer != record.thread_pointer) {
    at++; /* glibc hands the same stack out again: its record is renewed */
  }
  bool is_reused = at < record_count;
  if (at < CHUNK_RECORDS) {
    records[at] = record;
    record_count += at == record_count;
  }
  lc_unlock_quietly(&record_lock, signals);
  return is_reused ? record.lo : 0;
}

/* Without signals: what a handler allocates here would pass for the agent's own. */
static uintptr_t record_stack_quietly(void) {
  uint64_t signals = lc_block_signals();
  lc_guard++;
  uintptr_t lo = record_stack();
  lc_guard--;
  lc_restore_signals(signals);
  return lo;
}

#define REUSED_STACK_BYTES 16384u

/* What the finished thread left would lie in the holes of the new one's frames, and hold blocks.
 * In the frame of the caller, which calls functions and so uses no red zone. */
static inline __attribute__((always_inline)) void clear_reused_stack(uintptr_t lo) {
  uintptr_t sp = lc_stack_pointer();
  if (lo == 0 || sp <= lo) {
    return;
  }
  uintptr_t words = (sp - lo) / 16; /* half of it: lo may be that of a guard page */
  words = words < REUSED_STACK_BYTES / 8 ? words : REUSED_STACK_BYTES / 8;
  lc_clear_words(sp - words * 8, words);
}

size_t lc_stack_records(const struct lc_stack_record **out) {
  *out = records;
  return record_count;
}

/* ---- pthread_create ---- */
struct start {
  void *(*function)(void *);
  void *argument;
  struct start *next;
};
static struct start *free_starts;
static struct lc_range start_chunks[256];
static size_t start_chunk_count;
static volatile int start_lock;

static struct start *take_start(void) {
  uint64_t signals = lc_lock_quietly(&start_lock);
  if (free_starts == NULL && start_chunk_count < 256) {
    struct start *chunk = lc_map(1 << 16);
    if (chunk != NULL) {
      start_chunks[start_chunk_count++] =
          (struct lc_range){(uintptr_t)chunk, (uintptr_t)chunk + (1 << 16)};
      for (size_t i = 0; i < (1 << 16) / sizeof *chunk; i++) {
        chunk[i].next = free_starts;
        free_starts = &chunk[i];
      }
    }
  }
  struct start *start = free_starts;
  if (start != NULL) {
    free_starts = start->next;
  }
  lc_unlock_quietly(&start_lock, signals);
  return start;
}

static void give_start(struct start *start) {
  start->function = NULL;
  start->argument = NULL; /* no root any more */
  uint64_t signals = lc_lock_quietly(&start_lock);
  start->next = free_starts;
  free_starts = start;
  lc_unlock_quietly(&start_lock, signals);
}

size_t lc_pending_starts(const struct lc_range **out) {
  *out = start_chunks;
  return start_chunk_count;
}

struct routine {
  void *(*function)(void *);
  void *argument;
};

/* Not inlined, and small enough to come back in registers that calls do not preserve. In one that
 * they do, the thread's function would save the argument in its frame, for as long as the thread
 * lives: often it is freed soon, and another block lies there. */
static __attribute__((noinline)) struct routine take_routine(struct start *start) {
  struct routine routine = {start->function, start->argument};
  give_start(start);
  return routine;
}

static void *thread_begins(void *argument) {
  uintptr_t reused = record_stack_quietly();
  struct routine routine = take_routine(argument);
  clear_reused_stack(reused);
  return routine.function(routine.argument);
}

static void find_real_functions(void) {
  real_create = (create_function)dlsym(RTLD_NEXT, "pthread_create");
  real_thrd_create = (thrd_function)dlsym(RTLD_NEXT, "thrd_create");
}

__attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
                                                          const pthread_attr_t *attributes,
                                                          void *(*function)(void *),
                                                          void *argument) {
  if (real_create == NULL) {
    find_real_functions();
  }
  struct start *start = take_start();
  if (start == NULL) {
    return real_create(thread, attributes, function, argument);
  }
  start->function = function;
  start->argument = argument;
  int result = real_create(thread, attributes, thread_begins, start);
  if (result != 0) {
    give_start(start);
  }
  return result;
}

static int c11_thread_begins(void *argument) {
  uintptr_t reused = record_stack_quietly();
  struct routine routine = take_routine(argument);
  clear_reused_stack(reused);
  return ((thrd_start_t)(uintptr_t)routine.function)(routine.argument);
}

__attribute__((visibility("default"))) int thrd_create(thrd_t *thread, thrd_start_t function,
                                                       void *argument) {
  if (real_thrd_create == NULL) {
    find_real_functions();
  }
  struct start *start = take_start();
  if (start == NULL) {
    return real_thrd_create(thread, function, argument);
  }
  start->function = (void *(*)(void *))(uintptr_t)function;
  start->argument = argument;
  int result = real_thrd_create(thread, c11_thread_begins, start);
  if (result != thrd_success) {
    give_start(start);
  }
  return result;
}

void lc_threads_start(void) {
  find_real_functions();
  lc_pthread_create = lc_function_at((uintptr_t)real_create);
  lc_main_thread_pointer = lc_thread_pointer();
  lc_main_tid = (int)lc_sys0(SYS_gettid);
}

/* ---- stopping ---- */
struct kernel_action { /* asm/signal.h, struct sigaction of rt_sigaction */
  void (*handler)(int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

static struct lc_thread *stopped;
static uint32_t stopped_count;
static uint32_t answered_count;
static uint32_t release_word;
static bool is_stopping;
static struct kernel_action old_action;

__thread volatile bool lc_stop_pending __attribute__((tls_model("initial-exec")));

struct lc_range lc_signal_stack(void) {
  stack_t now = {.ss_flags = SS_DISABLE};
  lc_sys2(SYS_sigaltstack, NULL, &now);
  uintptr_t lo = (uintptr_t)now.ss_sp;
  return (now.ss_flags & SS_DISABLE) != 0 ? (struct lc_range){0, 0}
                                          : (struct lc_range){lo, lo + now.ss_size};
}

/* Marked as ours: glibc's own handler would follow a null pointer. */
static long send_stop(int tid) {
  siginfo_t info = {.si_signo = STOP_SIGNAL, .si_code = SI_QUEUE};
  long pid = lc_sys0(SYS_getpid);
  info.si_pid = (pid_t)pid;
  info.si_ptr = &is_stopping;
  long sent = lc_sys4(SYS_rt_tgsigqueueinfo, pid, tid, STOP_SIGNAL, &info);
  return sent == -EAGAIN ? lc_sys3(SYS_tgkill, pid, tid, STOP_SIGNAL) : sent; /* a full queue */
}

static bool is_ours(const siginfo_t *info) {
  return info->si_code == SI_QUEUE && info->si_ptr == &is_stopping;
}

/* Our handler stays: a signal may still be on its way to a thread that had it blocked. What
 * is not ours is passed on, so that setuid() of a program with threads goes on to work. */
static void pass_on(int number, siginfo_t *info, void *context) {
  if ((uintptr_t)old_action.handler > 1) { /* neither SIG_DFL nor SIG_IGN */
    old_action.handler(number, info, context);
  }
}

static void on_stop(int number, siginfo_t *info, void *context) {
  if (!__atomic_load_n(&is_stopping, __ATOMIC_ACQUIRE)) {
    if (!is_ours(info)) {
      pass_on(number, info, context);
    }
    return;
  }
  if (lc_table_is_busy()) {
    lc_stop_pending = true;
    return;
  }
  lc_stop_pending = false;
  int tid = (int)lc_sys0(SYS_gettid);
  for (uint32_t i = 0; i < __atomic_load_n(&stopped_count, __ATOMIC_ACQUIRE); i++) {
    if (stopped[i].tid == tid && !stopped[i].answered) {
      stopped[i].thread_pointer = lc_thread_pointer();
      lc_keep_context(&stopped[i], context);
      stopped[i].signal_stack = lc_signal_stack();
      __atomic_store_n(&stopped[i].answered, true, __ATOMIC_RELEASE);
      __atomic_fetch_add(&answered_count, 1, __ATOMIC_RELEASE);
      break;
    }
  }
  while (__atomic_load_n(&release_word, __ATOMIC_ACQUIRE) == 0) {
    lc_sys4(SYS_futex, &release_word, FUTEX_WAIT_PRIVATE, 0, 0);
  }
}

void lc_threads_stop_self(void) { send_stop((int)lc_sys0(SYS_gettid)); }

static bool is_known(int tid) {
  for (uint32_t i = 0; i < stopped_count; i++) {
    if (stopped[i].tid == tid) {
      return true;
    }
  }
  return false;
}

static int parse_tid(const char *text) {
  int value = 0;
  for (; *text >= '0' && *text <= '9'; text++) {
    value = value * 10 + (*text - '0');
  }
  return value;
}

struct directory_entry { /* linux/dirent.h, struct linux_dirent64 */
  uint64_t inode;
  int64_t next;
  unsigned short bytes;
  unsigned char type;
  char name[];
};

static uint32_t signal_new_threads(int self) {
  static char buffer[1 << 15];
  uint32_t added = 0;
  long fd = lc_sys4(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) {
    return 0;
  }
  for (;;) {
    long got = lc_sys3(SYS_getdents64, fd, buffer, sizeof buffer);
    if (got <= 0) {
      break;
    }
    for (long at = 0; at < got;) {
      const struct directory_entry *entry = (const void *)(buffer + at);
      int tid = parse_tid(entry->name);
      at += entry->bytes;
      if (tid == 0 || tid == self || is_known(tid) || stopped_count == MAX_STOPPED) {
        continue;
      }
      stopped[stopped_count].tid = tid;
      __atomic_store_n(&stopped_count, stopped_count + 1, __ATOMIC_RELEASE);
      if (send_stop(tid) == 0) {
        added++;
      } else {
        stopped_count--; /* it ended meanwhile */
      }
    }
  }
  lc_sys1(SYS_close, fd);
  return added;
}

static bool is_gone(int tid) { return lc_sys3(SYS_tgkill, lc_sys0(SYS_getpid), tid, 0) == -ESRCH; }

/* The first character behind `key`; NULL when it is not there. */
static const char *behind(const char *text, const char *key) {
  for (; *text != '\0'; text++) {
    size_t same = 0;
    while (key[same] != '\0' && text[same] == key[same]) {
      same++;
    }
    if (key[same] == '\0') {
      return text + same;
    }
  }
  return NULL;
}

static uint64_t parse_hex(const char *text) {
  uint64_t value = 0;
  for (int digit; (digit = *text >= 'a' ? *text - 'a' + 10 : *text - '0') >= 0 && digit < 16;
       text++) {
    value = value << 4 | (uint64_t)digit;
  }
  return value;
}

/* Of proc(5), status; empty when it cannot be read. */
static const char *status_of(int tid) {
  static char status[4096];
  char path[64] = "/proc/self/task/", digits[12];
  int used = 0, at = 16;
  for (; tid > 0; tid /= 10) {
    digits[used++] = (char)('0' + tid % 10);
  }
  while (used > 0) {
    path[at++] = digits[--used];
  }
  memcpy(path + at, "/status", sizeof "/status");
  long fd = lc_sys4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  long got = fd < 0 ? -1 : lc_sys3(SYS_read, fd, status, sizeof status - 1);
  if (fd >= 0) {
    lc_sys1(SYS_close, fd);
  }
  status[got > 0 ? got : 0] = '\0';
  return status;
}

/* It blocks the signal by a system call of its own, or cannot be interrupted: D in vfork or on a
 * dead file system, T and t when it is stopped. */
static bool is_deaf(int tid) {
  const char *status = status_of(tid);
  const char *state = behind(status, "\nState:\t"), *blocked = behind(status, "\nSigBlk:\t");
  return state == NULL || blocked == NULL || (*state != 'R' && *state != 'S') ||
         (parse_hex(blocked) >> (STOP_SIGNAL - 1) & 1) != 0;
}

/* A main thread that left by pthread_exit() is listed as long as the process lives. */
static bool has_ended(int tid) {
  const char *state = behind(status_of(tid), "\nState:\t");
  return state != NULL && (*state == 'Z' || *state == 'X');
}

static bool all_answered(bool except_deaf) {
  for (uint32_t i = 0; i < stopped_count; i++) {
    if (__atomic_load_n(&stopped[i].answered, __ATOMIC_ACQUIRE) || stopped[i].ended ||
        is_gone(stopped[i].tid)) {
      continue;
    }
    stopped[i].ended = stopped[i].tid == lc_main_tid && has_ended(stopped[i].tid);
    if (!stopped[i].ended && !(except_deaf && is_deaf(stopped[i].tid))) {
      return false;
    }
  }
  return true;
}

/* Those that ended instead have nothing any more: what they left would seem to be held. */
static void note_ended(void) {
  for (uint32_t i = 0; i < stopped_count; i++) {
    if (!stopped[i].answered && is_gone(stopped[i].tid)) {
      stopped[i].ended = true;
    }
  }
}

static void wait_for_answers(void) {
  uint64_t begun = lc_now_us(), waited = 0;
  while (waited < PATIENCE_US && !all_answered(waited > WAIT_US)) {
    struct timespec nap = {0, 50000};
    lc_sys2(SYS_nanosleep, &nap, 0);
    waited = lc_now_us() - begun;
  }
  note_ended();
}

void lc_threads_stop(void) {
  stopped = lc_map(MAX_STOPPED * sizeof *stopped);
  if (stopped == NULL) {
    return;
  }
  struct kernel_action action = {
      .handler = on_stop,
      .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | LC_SA_RESTORER,
      .restorer = lc_restorer,
      .mask = ~(uint64_t)0,
  };
  int self = (int)lc_sys0(SYS_gettid);
  lc_sys4(SYS_rt_sigaction, STOP_SIGNAL, &action, &old_action, 8);
  __atomic_store_n(&is_stopping, true, __ATOMIC_RELEASE);
  while (signal_new_threads(self) > 0) { /* until no running thread could make another */
    wait_for_answers();
  }
}

void lc_threads_release(void) {
  __atomic_store_n(&is_stopping, false, __ATOMIC_RELEASE);
  __atomic_store_n(&release_word, 1, __ATOMIC_RELEASE);
  lc_sys3(SYS_futex, &release_word, FUTEX_WAKE_PRIVATE, 0x7fffffff);
}

void lc_threads_stop_again(void) {
  struct timespec while_they_run = {0, 20000000};
  lc_threads_release();
  lc_sys2(SYS_nanosleep, &while_they_run, 0);
  __atomic_store_n(&stopped_count, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&release_word, 0, __ATOMIC_RELEASE);
  lc_threads_stop();
}

size_t lc_threads_stopped(struct lc_thread **out) {
  *out = stopped;
  return stopped == NULL ? 0 : stopped_count;
}
