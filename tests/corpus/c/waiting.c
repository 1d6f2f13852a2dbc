/* Threads that have lost a block just before they wait in libc, and hold two others meanwhile. */
#include "corpus.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static sem_t ready, never;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, taken = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int ends[2];
static char byte;
static pthread_t waiting;

/* What a function was called with may stay in its registers for long. */
static void leave_in_registers(void *block) {
#ifdef __x86_64__
  __asm__ volatile("mov %0, %%rdi\n\tmov %0, %%rsi\n\tmov %0, %%rdx\n\t"
                   "mov %0, %%r8\n\tmov %0, %%r9\n\tmov %0, %%r10"
                   :
                   : "r"(block)
                   : "rdi", "rsi", "rdx", "r8", "r9", "r10", "memory");
#else
  use(block);
#endif
}

__attribute__((noinline)) static void lose(size_t bytes) {
  char *volatile block = malloc(bytes);
  leave_in_registers(block);
  block = NULL;
}

__attribute__((noinline)) static void *hold(size_t bytes) {
  void *block = malloc(bytes);
  use(block);
  return block;
}

static void wait_for_condition(void) {
  pthread_mutex_lock(&mutex);
  pthread_cond_wait(&condition, &mutex);
}

static void sleep_long(void) {
  struct timespec time = {.tv_sec = 1000};
  nanosleep(&time, NULL);
}

static void read_byte(void) {
  if (read(ends[0], &byte, 1) != 1) {
    abort();
  }
}

/* The two blocks are in registers, or in this frame, while the thread waits. */
#define WAITER(name, wait)                                                                         \
  static void *in_##name(void *unused) {                                                           \
    char *first = hold(31), *second = hold(32);                                                    \
    sem_post(&ready);                                                                              \
    lose(114);                                                                                     \
    wait;                                                                                          \
    use(first);                                                                                    \
    use(second);                                                                                   \
    free(first);                                                                                   \
    free(second);                                                                                  \
    return unused;                                                                                 \
  }                                                                                                \
  static void lose_before_##name(void) {                                                           \
    if (pipe(ends) != 0 || pthread_create(&waiting, NULL, in_##name, NULL) != 0) {                 \
      abort();                                                                                     \
    }                                                                                              \
    sem_wait(&ready);                                                                              \
    usleep(30000);                                                                                 \
  }

WAITER(semaphore, sem_wait(&never))
WAITER(condition, wait_for_condition())
WAITER(mutex, pthread_mutex_lock(&taken))
WAITER(pause, pause())
WAITER(sleep, sleep_long())
WAITER(poll, poll(NULL, 0, -1))
WAITER(read, read_byte())

static const struct corpus_case cases[] = {
    {"semaphore", lose_before_semaphore}, {"condition", lose_before_condition},
    {"mutex", lose_before_mutex},         {"pause", lose_before_pause},
    {"sleep", lose_before_sleep},         {"poll", lose_before_poll},
    {"read", lose_before_read},           {NULL, NULL},
};

int main(int argc, char **argv) {
  sem_init(&ready, 0, 0);
  sem_init(&never, 0, 0);
  pthread_mutex_lock(&taken);
  return run_case(cases, argc, argv);
}
