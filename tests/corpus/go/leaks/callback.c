#include "native.h"

#include "_cgo_export.h"

#include <pthread.h>

void call_go(size_t bytes) { goAllocates(bytes); }

static void *call_go_from_thread(void *bytes) {
  goAllocates((size_t)bytes);
  return NULL;
}

void call_go_in_thread(size_t bytes) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, call_go_from_thread, (void *)bytes) == 0) {
    pthread_join(thread, NULL);
  }
}
