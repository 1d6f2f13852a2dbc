#define _GNU_SOURCE
#include "gofaults.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void lose_bytes(size_t bytes) {
  volatile char *block = malloc(bytes);
  block[0] = 1;
  __asm__ volatile("" : : "r"(block) : "memory");
}

void lose(void) { lose_bytes(121); }

static void *leave(void *code) {
  exit(*(int *)code);
  return NULL;
}

void exit_in_thread(int code) {
  pthread_t thread;
  pthread_create(&thread, NULL, leave, &code);
  pthread_join(thread, NULL);
}

void exit_raw(void) { syscall(SYS_exit_group, 0); }

void become_another(void) { execl("/bin/true", "true", (char *)NULL); }

static void leave_raw(int code) { syscall(SYS_exit_group, code); }

void fork_children(void) {
  void (*const ends[])(int) = {leave_raw, exit, _exit};
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    if (child == 0) {
      lose();
      ends[i](7);
    }
    waitpid(child, NULL, 0);
  }
}

static void on_signal(int number) {
  (void)number;
  lose_bytes(1000);
}

void lose_in_handler(int times) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR2, &action, NULL);
  for (int i = 0; i < times; i++) {
    pthread_kill(pthread_self(), SIGUSR2);
  }
}
