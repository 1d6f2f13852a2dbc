/* Waits for ever, in two processes, and writes down which they are. */
#include "faults.h"

#include <signal.h>
#include <unistd.h>

static void write_down(const char *path) {
  FILE *file = fopen(path, "a");
  must(file != NULL);
  fprintf(file, "%d\n", (int)getpid());
  fclose(file);
}

int main(int argc, char **argv) {
  must(argc == 3);
  lose();
  if (strcmp(argv[1], "deaf") == 0) {
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
  }
  fork();
  write_down(argv[2]);
  for (;;) {
    pause();
  }
}
