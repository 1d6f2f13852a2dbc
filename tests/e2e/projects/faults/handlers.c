/* A signal handler that allocates while the agent looks at the stack of another allocation. It
 * leaves the moments alone in which the allocator itself is at work: there, malloc in a handler
 * is the program's own fault. */
#define _GNU_SOURCE
#include "faults.h"

#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>

#define TICKS 200
#define TICK_BYTES 1000

static void *volatile kept[TICKS];
static volatile int ticks;
static int is_keeping;
static struct {
  uintptr_t lo, hi;
} unwinder;

static int find_unwinder(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size;
  (void)unused;
  for (int i = 0; strstr(info->dlpi_name, "/libunwind.so") != NULL && i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
      unwinder.lo = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      unwinder.hi = unwinder.lo + info->dlpi_phdr[i].p_memsz;
    }
  }
  return 0;
}

static void on_tick(int number, siginfo_t *info, void *context) {
  uintptr_t at = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  (void)number;
  (void)info;
  if (ticks < TICKS && at >= unwinder.lo && at < unwinder.hi) {
    void *block = malloc(TICK_BYTES);
    use(block);
    kept[ticks] = is_keeping ? block : NULL;
    ticks++;
  }
}

__attribute__((noinline)) static void allocate_below(int depth) {
  if (depth > 0) {
    allocate_below(depth - 1);
    __asm__ volatile("");
  } else {
    void *block = malloc(64);
    use(block);
    free(block);
  }
}

/* Never on the stack of the call before, which the agent would know. */
__attribute__((noinline)) static void allocate_behind(size_t bytes) {
  use(__builtin_alloca(bytes + 16));
  allocate_below(40);
}

static void tick(void) {
  struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
  struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
  dl_iterate_phdr(find_unwinder, NULL);
  must(unwinder.lo != 0);
  must(sigaction(SIGALRM, &action, NULL) == 0);
  must(setitimer(ITIMER_REAL, &often, NULL) == 0);
  for (size_t call = 0; ticks < TICKS; call++) {
    allocate_behind(16 * (call % 4096));
  }
  must(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

static void all_lost(void) { tick(); }

static void all_kept(void) {
  is_keeping = 1;
  tick();
}

static const struct corpus_case cases[] = {
    {"all-lost", all_lost},
    {"all-kept", all_kept},
    {NULL, NULL},
};

RUN(cases)
