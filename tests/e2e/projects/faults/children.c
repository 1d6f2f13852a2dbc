/* Processes that the program starts: what they do is not its end. */
#define _GNU_SOURCE
#include "faults.h"

#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void reap(pid_t child) {
  must(child > 0);
  must(waitpid(child, NULL, 0) == child);
}

static void forked(void (*end)(int)) {
  pid_t child = fork();
  if (child == 0) {
    lose();
    end(7);
  }
  reap(child);
}

static void leave_raw(int code) { syscall(SYS_exit_group, code); }
static void crash(int code) {
  (void)code;
  raise(SIGSEGV);
}

static void exits(void) { forked(exit); }
static void exits_at_once(void) { forked(_exit); }
static void exits_raw(void) { forked(leave_raw); }
static void crashes(void) { forked(crash); }

/* The child shares the program's memory. */
static void vforked(void) {
  pid_t child = vfork();
  if (child == 0) {
    _exit(7);
  }
  reap(child);
}

static void vforked_and_becomes(void) {
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", (char *)NULL);
    _exit(7);
  }
  reap(child);
}

static void spawned(void) {
  char *words[] = {"sh", "-c", "exit 3", NULL};
  pid_t child = 0;
  must(posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ) == 0);
  reap(child);
}

static void spawned_by_system(void) { must(system("exit 0") == 0); }

/* Outlives the program, in a session of its own, with the program's output. */
static void daemonised(void) {
  pid_t child = fork();
  if (child == 0) {
    setsid();
    if (fork() == 0) {
      close(0);
      close(1);
      close(2);
      sleep(600);
    }
    _exit(0);
  }
  reap(child);
}

static void any_child(int number) {
  (void)number;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

static void all_children_reaped(void) { signal(SIGCHLD, any_child); }

static const struct corpus_case cases[] = {
    {"exits", exits},
    {"exits-at-once", exits_at_once},
    {"exits-raw", exits_raw},
    {"crashes", crashes},
    {"vforked", vforked},
    {"vforked-and-becomes", vforked_and_becomes},
    {"spawned", spawned},
    {"spawned-by-system", spawned_by_system},
    {"daemonised", daemonised},
    {"all-reaped", all_children_reaped},
    {NULL, NULL},
};

RUN(cases)
