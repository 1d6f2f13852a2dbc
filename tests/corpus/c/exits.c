/* A leak, and every way to end a program. */
#define _GNU_SOURCE
#include "corpus.h"

#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *freed_at_exit;

static void leak(void) {
  char *block = malloc(121);
  memset(block, 1, 121);
  use(block);
}

static void by_return(void) { leak(); }

static void by_exit(void) {
  leak();
  exit(0);
}

static void by_underscore_exit(void) {
  leak();
  _exit(0);
}

static void by_big_exit(void) {
  leak();
  _Exit(0);
}

static void by_quick_exit(void) {
  leak();
  quick_exit(0);
}

static void by_errx(void) {
  leak();
  printf("%s\n", "some work");
  errx(0, "ends here");
}

static void *exit_in_thread(void *unused) {
  leak();
  exit(0);
  return unused;
}

static void *leak_in_thread(void *unused) {
  usleep(20000);
  leak();
  return unused;
}

static void start(void *(*function)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, function, NULL) != 0) {
    abort();
  }
}

static void by_exit_in_thread(void) {
  start(exit_in_thread);
  for (;;) {
    pause();
  }
}

/* The program goes on until its last thread has ended. */
static void by_pthread_exit(void) {
  start(leak_in_thread);
  pthread_exit(NULL);
}

static void in_exit_handler(void) { atexit(leak); }

static void by_exit_in_exit_handler(void) { atexit(by_exit); }

static void free_it(void) {
  use(freed_at_exit);
  free(freed_at_exit);
}

static void after_exit_handler(void) {
  freed_at_exit = malloc(122);
  atexit(free_it);
  leak();
}

/* The child's own leak is not ours. */
static void with_forked_child(void) {
  leak();
  pid_t child = fork();
  if (child == 0) {
    leak();
    exit(0);
  }
  waitpid(child, NULL, 0);
}

/* No library function is told of it. */
static void by_system_call(void) {
  leak();
  syscall(SYS_exit_group, 0);
}

static const struct corpus_case cases[] = {
    {"return", by_return},
    {"exit", by_exit},
    {"underscore-exit", by_underscore_exit},
    {"big-exit", by_big_exit},
    {"quick-exit", by_quick_exit},
    {"errx", by_errx},
    {"exit-in-thread", by_exit_in_thread},
    {"pthread-exit", by_pthread_exit},
    {"in-exit-handler", in_exit_handler},
    {"exit-in-exit-handler", by_exit_in_exit_handler},
    {"after-exit-handler", after_exit_handler},
    {"forked-child", with_forked_child},
    {"system-call", by_system_call},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
