/* Frees all it has and ends as argv[1] says. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "return";
  free(malloc(100));
  fprintf(stderr, "ending: %s\n", how);
  if (strcmp(how, "_exit") == 0) {
    _exit(0);
  } else if (strcmp(how, "kill") == 0) {
    raise(SIGKILL);
  } else if (strcmp(how, "abort") == 0) {
    abort();
  } else if (strcmp(how, "exec") == 0) {
    execl("/bin/true", "true", (char *)NULL);
  } else if (strcmp(how, "sleep") == 0) {
    sleep(600);
  }
  return strcmp(how, "return") == 0 ? 0 : atoi(how);
}
