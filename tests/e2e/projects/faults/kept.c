/* Blocks that only something unusual holds. */
#define _GNU_SOURCE
#include "faults.h"

#include <signal.h>
#include <sys/mman.h>

#define PAGE 4096

static char data[3 * PAGE] __attribute__((aligned(PAGE)));

static void hold_in(void *memory, int advice) {
  *(void **)memory = malloc(444);
  must(madvise(memory, PAGE, advice) == 0);
}

static void *map(void) {
  int kind = MAP_PRIVATE | MAP_ANONYMOUS;
  void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, kind, -1, 0);
  must(memory != MAP_FAILED);
  return memory;
}

/* What children of fork do not get, the program has all the same. */
static void not_forked(void) {
  hold_in(data + PAGE, MADV_DONTFORK);
  hold_in(map(), MADV_DONTFORK);
}
static void wiped_on_fork(void) {
  hold_in(data + PAGE, MADV_WIPEONFORK);
  hold_in(map(), MADV_WIPEONFORK);
}

static void lose_in_handler(int number) {
  (void)number;
  lose();
}

static void leave(int number) {
  void *volatile held = malloc(444);
  (void)number;
  use(held);
  exit(0);
}

__attribute__((noinline)) static void handle(void (*handler)(int)) {
  stack_t stack = {.ss_sp = malloc(SIGSTKSZ * 4), .ss_size = (size_t)SIGSTKSZ * 4};
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  must(sigaltstack(&stack, NULL) == 0);
  must(sigaction(SIGUSR1, &action, NULL) == 0);
}

/* The kernel alone knows the block that is the handler's stack. */
static void handler_has_run(void) {
  handle(lose_in_handler);
  raise(SIGUSR1);
}
static void handler_runs(void) {
  handle(leave);
  raise(SIGUSR1);
}

static const struct corpus_case cases[] = {
    {"not-forked", not_forked},
    {"wiped-on-fork", wiped_on_fork},
    {"handler-has-run", handler_has_run},
    {"handler-runs", handler_runs},
    {NULL, NULL},
};

RUN(cases)
