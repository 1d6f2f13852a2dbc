/* Loses one block of 77 bytes, and ends with 5 while four threads allocate without a pause. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *work(void *unused) {
  (void)unused;
  for (unsigned i = 0;; i++) {
    void *block = malloc(i % 64 == 0 ? 1u << 19 : 16 + i % 2000);
    __asm__ volatile("" : : "r"(block) : "memory");
    free(block);
  }
  return NULL;
}

static __attribute__((noinline)) void lose(size_t bytes) {
  __asm__ volatile("" : : "r"(malloc(bytes)) : "memory");
}

int main(void) {
  lose(77);
  for (int i = 0; i < 4; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
  }
  usleep(30000);
  return 5;
}
