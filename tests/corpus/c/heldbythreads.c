/* Blocks that a running thread holds when the program ends. */
#include "corpus.h"
#include "registers.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static __thread char *mine;
static pthread_key_t key;
static sem_t settled; /* a thread holds its block now */

static void start(void *(*function)(void *), void *argument, const pthread_attr_t *attributes) {
  pthread_t thread;
  sem_init(&settled, 0, 0);
  if (pthread_create(&thread, attributes, function, argument) != 0) {
    abort();
  }
  pthread_detach(thread);
}

static void sleep_for_ever(void) {
  for (;;) {
    pause();
  }
}

static void keep_in_thread_local(void) { mine = malloc(221); }

static void keep_for_key(void) {
  pthread_key_create(&key, free);
  pthread_setspecific(key, malloc(222));
}

static void *hold_thread_local(void *unused) {
  mine = malloc(223);
  sem_post(&settled);
  sleep_for_ever();
  return unused;
}

static void keep_in_threads_local(void) {
  start(hold_thread_local, NULL, NULL);
  sem_wait(&settled);
}

static void *hold_for_key(void *unused) {
  pthread_setspecific(key, malloc(224));
  sem_post(&settled);
  sleep_for_ever();
  return unused;
}

/* More keys than fit into the thread's first, built-in table. */
static void keep_for_threads_late_key(void) {
  for (int i = 0; i < 100; i++) {
    pthread_key_create(&key, free);
  }
  start(hold_for_key, NULL, NULL);
  sem_wait(&settled);
}

static void *hold_on_stack(void *unused) {
  char *volatile block = malloc(225);
  sem_post(&settled);
  for (;;) {
    pause();
    block[0]++;
  }
  return unused;
}

static void keep_on_stack(void) {
  start(hold_on_stack, NULL, NULL);
  sem_wait(&settled);
}

static void keep_on_own_stack(void) {
  size_t bytes = 256 * 1024;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(
      &attributes, mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      bytes);
  start(hold_on_stack, NULL, &attributes);
  pthread_attr_destroy(&attributes);
  sem_wait(&settled);
}

static int hold_in_c11_thread(void *unused) {
  hold_on_stack(unused);
  return 0;
}

static void keep_in_c11_thread(void) {
  thrd_t thread;
  sem_init(&settled, 0, 0);
  if (thrd_create(&thread, hold_in_c11_thread, NULL) != thrd_success) {
    abort();
  }
  sem_wait(&settled);
}

/* Kept inverted until it is in the register, so that nothing else holds it. */
static uintptr_t hidden_block(size_t bytes) {
  volatile uintptr_t hidden = ~(uintptr_t)malloc(bytes);
  return hidden;
}

static volatile int is_in_register; /* set by the instruction behind the one that fills it */

static void await_register(void) {
  while (!is_in_register) {
    usleep(100);
  }
}

static void *hold_in_register(void *unused) {
  __asm__ volatile(TAKE_INTO_REGISTER SET_FLAG SLEEP_FOR_EVER
                   : [flag] "=m"(is_in_register)
                   : [hidden] "r"(hidden_block(226))
                   : CHANGED);
  return unused;
}

static void keep_in_register(void) {
  start(hold_in_register, NULL, NULL);
  await_register();
}

static void *hold_in_vector_register(void *unused) {
  __asm__ volatile(TAKE_INTO_VECTOR_REGISTER SET_FLAG SLEEP_FOR_EVER
                   : [flag] "=m"(is_in_register)
                   : [hidden] "r"(hidden_block(227))
                   : CHANGED);
  return unused;
}

static void keep_in_vector_register(void) {
  start(hold_in_vector_register, NULL, NULL);
  await_register();
}

static void *hold_in_busy_register(void *unused) {
  __asm__ volatile(TAKE_INTO_BUSY_REGISTER SET_FLAG RUN_FOR_EVER
                   : [flag] "=m"(is_in_register)
                   : [hidden] "r"(hidden_block(228))
                   : CHANGED);
  return unused;
}

static void keep_in_busy_register(void) {
  start(hold_in_busy_register, NULL, NULL);
  await_register();
}

static void *sleep_with_argument(void *block) {
  char *volatile handed_over = block;
  for (;;) {
    pause();
    handed_over[0]++;
  }
  return NULL;
}

/* The thread may not even have begun when the program ends. */
static void keep_in_argument(void) { start(sleep_with_argument, malloc(229), NULL); }

static void *allocate_and_free(void *unused) {
  for (;;) {
    char *block = malloc(230);
    use(block);
    free(block);
  }
  return unused;
}

static void keep_in_busy_threads(void) {
  for (int i = 0; i < 3; i++) {
    start(allocate_and_free, NULL, NULL);
  }
  usleep(20000);
}

static void *return_block(void *unused) {
  (void)unused;
  char *block = malloc(231);
  use(block);
  return block;
}

/* Ended, but not joined: what it returned can still be had. */
static pthread_t unjoined;

static void keep_in_result(void) {
  if (pthread_create(&unjoined, NULL, return_block, NULL) != 0) {
    abort();
  }
  usleep(20000);
}

static void tick(union sigval argument) { use(argument.sival_ptr); }

/* libc makes a thread for the timer, and one for each tick. */
static void keep_in_timer(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = tick};
  struct itimerspec often = {{0, 1000000}, {0, 1000000}};
  timer_t timer;
  event.sigev_value.sival_ptr = malloc(232);
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &often, NULL) != 0) {
    abort();
  }
  usleep(30000);
}

static const struct corpus_case cases[] = {
    {"thread-local", keep_in_thread_local},
    {"threads-thread-local", keep_in_threads_local},
    {"key", keep_for_key},
    {"threads-late-key", keep_for_threads_late_key},
    {"stack", keep_on_stack},
    {"own-stack", keep_on_own_stack},
    {"c11-thread", keep_in_c11_thread},
    {"register", keep_in_register},
    {"vector-register", keep_in_vector_register},
    {"busy-register", keep_in_busy_register},
    {"argument", keep_in_argument},
    {"busy-threads", keep_in_busy_threads},
    {"result", keep_in_result},
    {"timer", keep_in_timer},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
