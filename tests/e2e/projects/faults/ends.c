/* Ends that no library function is told of, or that are none of the program's will. */
#define _GNU_SOURCE
#include "faults.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void by_segfault(void) { *(volatile int *)8 = 1; }

__attribute__((noinline)) static int deeper(volatile char *above) {
  volatile char frame[4096];
  frame[0] = above[0];
  return deeper(frame) + frame[0];
}

static void by_stack_overflow(void) {
  volatile char first = 1;
  deeper(&first);
}

static void out_of_memory(void) {
  struct rlimit limit = {256u << 20, 256u << 20};
  must(setrlimit(RLIMIT_AS, &limit) == 0);
  for (;;) {
    char *block = malloc(1u << 20);
    if (block == NULL) {
      abort();
    }
    memset(block, 1, 1u << 20);
    use(block);
  }
}

static void *leave_raw(void *unused) {
  syscall(SYS_exit_group, 0);
  return unused;
}

static void by_raw_call_in_thread(void) {
  pthread_t thread;
  must(pthread_create(&thread, NULL, leave_raw, NULL) == 0);
  pthread_join(thread, NULL);
}

static void by_becoming_itself(void) {
  execl("/proc/self/exe", "itself", "nothing", (char *)NULL);
}

static void by_nothing(void) {}

static void leave(int number) {
  (void)number;
  _exit(0);
}

static void in_signal_handler(void) {
  signal(SIGUSR1, leave);
  raise(SIGUSR1);
}

/* The handler may come at any point of an allocation. */
static void in_alarm_handler(void) {
  signal(SIGALRM, leave);
  ualarm(3000, 0);
  for (;;) {
    free(malloc(64));
  }
}

static void after_handled_segfault(void) {
  signal(SIGSEGV, leave);
  by_segfault();
}

static const struct corpus_case cases[] = {
    {"segfault", by_segfault},
    {"stack-overflow", by_stack_overflow},
    {"out-of-memory", out_of_memory},
    {"raw-call-in-thread", by_raw_call_in_thread},
    {"becoming-itself", by_becoming_itself},
    {"nothing", by_nothing},
    {"signal-handler", in_signal_handler},
    {"alarm-handler", in_alarm_handler},
    {"handled-segfault", after_handled_segfault},
    {NULL, NULL},
};

RUN(cases)
