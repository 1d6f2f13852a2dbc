/* Loses one block of 77 bytes while a timer's ticks, each in a thread of its own, allocate. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static void tick(union sigval unused) {
  (void)unused;
  void *block = malloc(100);
  __asm__ volatile("" : : "r"(block) : "memory");
  free(block);
}

static __attribute__((noinline)) void lose(size_t bytes) {
  __asm__ volatile("" : : "r"(malloc(bytes)) : "memory");
}

int main(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = tick};
  struct itimerspec every_ms = {{0, 1000000}, {0, 1000000}};
  struct timespec rest = {0, 150000000};
  timer_t timer;
  lose(77);
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &every_ms, NULL) != 0) {
    return 3;
  }
  while (nanosleep(&rest, &rest) != 0) {
  }
  return timer_delete(timer) != 0;
}
