/* Runs a program and writes down what it took: `meter FILE PROGRAM ARGUMENT...`.
 * The kernel hands the peak of a process down to what it executes, and Python's own is larger
 * than that of many a workload; this program's is next to nothing. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    return 2;
  }
  double started = now_s();
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    perror("meter");
    return 2;
  }
  double ended = now_s();
  FILE *file = fopen(argv[1], "w");
  if (file == NULL) {
    perror(argv[1]);
    return 2;
  }
  fprintf(file, "started %.6f\nended %.6f\ncpu %.6f\npeak_kib %ld\nstatus %d\n", started, ended,
          seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
          WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
  return fclose(file) == 0 ? 0 : 2;
}
