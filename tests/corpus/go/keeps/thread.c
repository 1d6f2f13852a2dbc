#include "native.h"

#include "../../c/registers.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static __thread char *mine;
static pthread_key_t key;
static sem_t settled; /* a thread holds its block now */

void keep_in_thread_local(size_t bytes) { mine = malloc(bytes); }

void keep_for_key(size_t bytes) {
  pthread_key_create(&key, free);
  pthread_setspecific(key, malloc(bytes));
}

static void start(void *(*function)(void *), void *argument) {
  pthread_t thread;
  sem_init(&settled, 0, 0);
  if (pthread_create(&thread, NULL, function, argument) != 0) {
    abort();
  }
  pthread_detach(thread);
  sem_wait(&settled);
}

static void *hold_on_stack(void *bytes) {
  char *volatile block = malloc((size_t)bytes);
  sem_post(&settled);
  for (;;) {
    pause();
    block[0]++;
  }
}

void hold_for_ever(size_t bytes) {
  sem_init(&settled, 0, 0);
  hold_on_stack((void *)bytes);
}

void keep_on_stack(size_t bytes) { start(hold_on_stack, (void *)bytes); }

/* Kept inverted until it is in the register, so that nothing else holds it. */
static uintptr_t hidden_block(size_t bytes) {
  volatile uintptr_t hidden = ~(uintptr_t)malloc(bytes);
  sem_post(&settled);
  return hidden;
}

static void *hold_in_register(void *bytes) {
  __asm__ volatile(TAKE_INTO_REGISTER SLEEP_FOR_EVER
                   :
                   : [hidden] "r"(hidden_block((size_t)bytes))
                   : CHANGED);
  return NULL;
}

void keep_in_register(size_t bytes) { start(hold_in_register, (void *)bytes); }

static void *hold_in_vector_register(void *bytes) {
  __asm__ volatile(TAKE_INTO_VECTOR_REGISTER SLEEP_FOR_EVER
                   :
                   : [hidden] "r"(hidden_block((size_t)bytes))
                   : CHANGED);
  return NULL;
}

void keep_in_vector_register(size_t bytes) { start(hold_in_vector_register, (void *)bytes); }

static void *hold_in_busy_register(void *bytes) {
  __asm__ volatile(TAKE_INTO_BUSY_REGISTER RUN_FOR_EVER
                   :
                   : [hidden] "r"(hidden_block((size_t)bytes))
                   : CHANGED);
  return NULL;
}

void keep_in_busy_register(size_t bytes) { start(hold_in_busy_register, (void *)bytes); }

static void *sleep_with_argument(void *block) {
  char *volatile mine_now = block;
  for (;;) {
    pause();
    mine_now[0]++;
  }
}

/* The block goes over to the thread, which may not even have begun at the check. */
void keep_in_thread_argument(size_t bytes) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, sleep_with_argument, malloc(bytes)) != 0) {
    abort();
  }
  pthread_detach(thread);
}
