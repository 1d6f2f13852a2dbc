/* Preloaded: every look at libc's clocks finds another year. */
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

static long next(void) {
  static long year = 1;
  year = (year * 7919) % 60;
  return year * 31556952;
}

time_t time(time_t *into) {
  time_t now = next();
  if (into != NULL) {
    *into = now;
  }
  return now;
}

int gettimeofday(struct timeval *into, void *zone) {
  (void)zone;
  *into = (struct timeval){next(), 0};
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *into) {
  (void)clock;
  *into = (struct timespec){next(), 0};
  return 0;
}
