#include "native.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

static __thread char *mine;
static pthread_key_t key; /* without a destructor */
static sem_t ended;

static void run_thread(void *(*function)(void *), size_t bytes) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, function, (void *)bytes) == 0) {
    pthread_join(thread, NULL);
  }
}

static void *allocate(void *bytes) {
  use(malloc((size_t)bytes));
  return NULL;
}

static void *allocate_detached(void *bytes) {
  use(malloc((size_t)bytes));
  sem_post(&ended);
  return NULL;
}

static void *allocate_thread_local(void *bytes) {
  mine = malloc((size_t)bytes);
  use(mine);
  return NULL;
}

static void *allocate_for_key(void *bytes) {
  pthread_setspecific(key, malloc((size_t)bytes));
  return NULL;
}

void leak_in_thread(size_t bytes) { run_thread(allocate, bytes); }

void leak_in_detached_thread(size_t bytes) {
  pthread_t thread;
  sem_init(&ended, 0, 0);
  if (pthread_create(&thread, NULL, allocate_detached, (void *)bytes) == 0) {
    pthread_detach(thread);
    sem_wait(&ended);
    usleep(20000); /* until it is gone, and its registers with it */
  }
}

void leak_thread_local(size_t bytes) { run_thread(allocate_thread_local, bytes); }

void leak_thread_key(size_t bytes) {
  pthread_key_create(&key, NULL);
  run_thread(allocate_for_key, bytes);
}

static void *lose_on_stack(void *bytes) {
  char *volatile blocks[8];
  for (int i = 0; i < 8; i++) {
    blocks[i] = malloc((size_t)bytes);
  }
  return NULL;
}

static void *stay(void *unused) {
  char *volatile room[1024]; /* nobody writes there */
  use((void *)room);
  sem_post(&ended);
  for (;;) {
    pause();
  }
  return unused;
}

/* The stack of a finished thread is given to one that stays. */
void leak_on_reused_stack(size_t bytes) {
  pthread_t thread;
  sem_init(&ended, 0, 0);
  run_thread(lose_on_stack, bytes);
  if (pthread_create(&thread, NULL, stay, NULL) == 0) {
    pthread_detach(thread);
    sem_wait(&ended);
  }
}

void set_thread_local(size_t bytes) {
  mine = malloc(bytes);
  use(mine);
}
