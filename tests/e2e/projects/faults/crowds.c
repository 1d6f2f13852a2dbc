/* Many threads, and threads that do not answer. */
#define _GNU_SOURCE
#include "faults.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_t start(void *(*function)(void *), void *argument) {
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  must(pthread_create(&thread, &small, function, argument) == 0);
  pthread_attr_destroy(&small);
  return thread;
}

static int arrived;

static void wait_for(int count) {
  while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < count) {
    usleep(1000);
  }
}

static void *hold(void *unused) {
  void *volatile held = malloc(77);
  __atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
  for (;;) {
    pause();
    use(held);
  }
  return unused;
}

static void thousand_threads(void) {
  for (int i = 0; i < 1000; i++) {
    start(hold, NULL);
  }
  wait_for(1000);
}

static void *churn(void *unused) {
  __atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
  for (;;) {
    void *volatile blocks[8];
    for (int i = 0; i < 8; i++) {
      blocks[i] = malloc(16u << i);
    }
    for (int i = 0; i < 8; i++) {
      free(blocks[i]);
    }
  }
  return unused;
}

static void still_allocating(void) {
  for (int i = 0; i < 20; i++) {
    start(churn, NULL);
  }
  wait_for(20);
  usleep(20000);
}

/* Blocks every signal, glibc's own two as well, as no program can through libc. */
static void block_all(void) {
  unsigned long all = ~0ul;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
}

static void *deaf(void *unused) {
  block_all();
  return hold(unused);
}

static void deaf_thread(void) {
  start(deaf, NULL);
  wait_for(1);
}

static void *deaf_and_busy(void *unused) {
  block_all();
  return churn(unused);
}

static void deaf_busy_threads(void) {
  for (int i = 0; i < 4; i++) {
    start(deaf_and_busy, NULL);
  }
  wait_for(4);
}

/* Until its child ends, a thread in vfork answers to nothing. */
static void *in_vfork(void *unused) {
  void *volatile held = malloc(77);
  __atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
  if (vfork() == 0) {
    usleep(700000);
    _exit(0);
  }
  use(held);
  return unused;
}

static void thread_in_vfork(void) {
  start(in_vfork, NULL);
  wait_for(1);
  usleep(20000);
}

/* fork() blocks all signals: some threads hear of the check when it is over. */
static void *fork_again_and_again(void *unused) {
  __atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
  for (;;) {
    pid_t child = fork();
    if (child == 0) {
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  return unused;
}

static void forking_threads(void) {
  for (int i = 0; i < 8; i++) {
    start(fork_again_and_again, NULL);
  }
  wait_for(8);
  usleep(5000);
}

static const struct corpus_case cases[] = {
    {"thousand-threads", thousand_threads},
    {"still-allocating", still_allocating},
    {"deaf-thread", deaf_thread},
    {"deaf-busy-threads", deaf_busy_threads},
    {"thread-in-vfork", thread_in_vfork},
    {"forking-threads", forking_threads},
    {NULL, NULL},
};

RUN(cases)
