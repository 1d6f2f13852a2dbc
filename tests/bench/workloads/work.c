/* Each function is one kind of work. Pointers pass through volatile slots: the compiler would
 * delete an allocation that nobody reads. */
#include "work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS 64
#define MAX_THREADS 256

/* Allocates and frees, with up to SLOTS blocks of 16 to 256 bytes in use. */
__attribute__((noinline)) void churn(long count) {
  void *volatile slots[SLOTS] = {0};
  for (long i = 0; i < count; i++) {
    free(slots[i % SLOTS]);
    slots[i % SLOTS] = malloc(16 + (size_t)(i * 16) % 256);
  }
  for (int i = 0; i < SLOTS; i++) {
    free(slots[i]);
  }
}

/* 20 frames of C below the allocation. Each has locals and a loop, and is no tail call. */
#define FRAME(name, next)                                 \
  __attribute__((noinline)) static long name(long seed) { \
    volatile long local[4] = {seed, seed + 1};            \
    return next(local[0] + 1) + local[1];                 \
  }

__attribute__((noinline)) static long bottom(long seed) {
  void *volatile block = malloc(16 + (size_t)(seed * 16) % 256);
  long is_null = block == NULL;
  free(block);
  return is_null;
}

FRAME(f19, bottom)
FRAME(f18, f19)
FRAME(f17, f18)
FRAME(f16, f17)
FRAME(f15, f16)
FRAME(f14, f15)
FRAME(f13, f14)
FRAME(f12, f13)
FRAME(f11, f12)
FRAME(f10, f11)
FRAME(f9, f10)
FRAME(f8, f9)
FRAME(f7, f8)
FRAME(f6, f7)
FRAME(f5, f6)
FRAME(f4, f5)
FRAME(f3, f4)
FRAME(f2, f3)
FRAME(f1, f2)

void churn_deep(long count) {
  for (long i = 0; i < count; i++) {
    f1(i);
  }
}

/* A list that stays in use to the end. */
struct node {
  struct node *next;
  long payload[3];
};
static struct node *volatile kept;

__attribute__((noinline)) void keep(long count) {
  for (long i = 0; i < count; i++) {
    struct node *node = malloc(sizeof *node);
    node->next = kept;
    kept = node;
  }
}

static void *churn_in_thread(void *count) {
  churn((long)count);
  return NULL;
}

/* So many threads at a time, each doing `count`. */
void run_threads(long threads, long count) {
  pthread_t started[MAX_THREADS];
  long running = 0;
  while (running < threads && running < MAX_THREADS &&
         pthread_create(&started[running], NULL, churn_in_thread, (void *)count) == 0) {
    running++;
  }
  while (running > 0) {
    pthread_join(started[--running], NULL);
  }
}

/* What a checker has to find. */
__attribute__((noinline)) void lose(long count, long bytes) {
  for (long i = 0; i < count; i++) {
    void *volatile block = malloc((size_t)bytes);
    memset(block, 1, (size_t)bytes);
    block = NULL;
  }
}

/* Leaves through libc, where checkers look that know nothing of Go. */
void leave(int code) { exit(code); }

double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
