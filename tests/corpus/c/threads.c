/* Leaks of threads that have ended. */
#include "corpus.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

static __thread char *mine;
static pthread_key_t key; /* without a destructor */
static sem_t ended;

static void run_thread(void *(*function)(void *), const pthread_attr_t *attributes) {
  pthread_t thread;
  if (pthread_create(&thread, attributes, function, NULL) != 0) {
    abort();
  }
  pthread_join(thread, NULL);
}

static void *allocate(void *unused) {
  use(malloc(104));
  return unused;
}

static void leak_in_thread(void) { run_thread(allocate, NULL); }

static void leak_in_threads(void) {
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) {
    if (pthread_create(&threads[i], NULL, allocate, NULL) != 0) {
      abort();
    }
  }
  for (int i = 0; i < 8; i++) {
    pthread_join(threads[i], NULL);
  }
}

static void *allocate_detached(void *unused) {
  use(malloc(105));
  sem_post(&ended);
  return unused;
}

static void leak_in_detached_thread(void) {
  pthread_t thread;
  sem_init(&ended, 0, 0);
  if (pthread_create(&thread, NULL, allocate_detached, NULL) != 0) {
    abort();
  }
  pthread_detach(thread);
  sem_wait(&ended);
  usleep(20000); /* until it is gone, and its registers with it */
}

static void *allocate_thread_local(void *unused) {
  mine = malloc(106);
  use(mine);
  return unused;
}

static void leak_thread_local(void) { run_thread(allocate_thread_local, NULL); }

static void *allocate_for_key(void *unused) {
  pthread_setspecific(key, malloc(107));
  return unused;
}

static void leak_for_key(void) {
  pthread_key_create(&key, NULL);
  run_thread(allocate_for_key, NULL);
}

static void *allocate_and_exit(void *unused) {
  use(malloc(108));
  pthread_exit(unused);
}

static void leak_before_pthread_exit(void) { run_thread(allocate_and_exit, NULL); }

static void *wait_for_cancel(void *unused) {
  char *volatile block = malloc(109);
  sem_post(&ended);
  for (;;) {
    pthread_testcancel();
    block[0]++;
  }
  return unused;
}

static void leak_in_cancelled_thread(void) {
  pthread_t thread;
  sem_init(&ended, 0, 0);
  if (pthread_create(&thread, NULL, wait_for_cancel, NULL) != 0) {
    abort();
  }
  sem_wait(&ended);
  pthread_cancel(thread);
  pthread_join(thread, NULL);
}

/* The stack is the program's own, and goes when the thread has ended. */
static void leak_on_own_stack(void) {
  size_t bytes = 256 * 1024;
  void *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, bytes);
  run_thread(allocate, &attributes);
  pthread_attr_destroy(&attributes);
  munmap(stack, bytes);
}

static int allocate_in_c11(void *unused) {
  (void)unused;
  char *volatile block = malloc(110);
  block[0] = 1;
  return 0;
}

static void leak_in_c11_thread(void) {
  thrd_t thread;
  if (thrd_create(&thread, allocate_in_c11, NULL) != thrd_success) {
    abort();
  }
  thrd_join(thread, NULL);
}

static void *return_block(void *unused) {
  (void)unused;
  char *block = malloc(112);
  use(block);
  return block;
}

/* Joined, and what it returned not taken. */
static void leak_result(void) { run_thread(return_block, NULL); }

static _Atomic int is_exchanged;

static __attribute__((noinline)) void exchange(void *argument) {
  free(argument);
  use(malloc(120));
}

static void *live_on(void *argument) {
  exchange(argument);
  for (is_exchanged = 1; is_exchanged;) {
    pause();
  }
  return NULL;
}

/* The block lies where the argument of a thread lay that is still there. */
static void leak_where_argument_was(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, live_on, malloc(120)) != 0) {
    abort();
  }
  while (!is_exchanged) {
    usleep(1000);
  }
}

static const struct corpus_case cases[] = {
    {"thread", leak_in_thread},
    {"threads", leak_in_threads},
    {"detached-thread", leak_in_detached_thread},
    {"thread-local", leak_thread_local},
    {"thread-key", leak_for_key},
    {"pthread-exit", leak_before_pthread_exit},
    {"cancelled", leak_in_cancelled_thread},
    {"own-stack", leak_on_own_stack},
    {"c11-thread", leak_in_c11_thread},
    {"result", leak_result},
    {"where-argument-was", leak_where_argument_was},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
