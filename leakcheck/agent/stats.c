/* MALLOCSTATS: tcmalloc prints its statistics in an exit handler, which a Go program never runs.
 * So the agent prints them, through tcmalloc's public C interface, as the last thing of every
 * way out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#include "agent.h"
#include "sys.h"

/* tcmalloc chooses by the room it is given: below 10000 bytes it leaves out the size classes. */
#define SHORT_TEXT 9999
static char text[1 << 16];
void (*lc_get_stats)(char *buffer, int bytes);

void lc_stats_start(void) {
  lc_get_stats = (void (*)(char *, int))dlsym(RTLD_DEFAULT, "MallocExtension_GetStats");
}

void lc_stats_print(void) {
  if (lc_config.malloc_stats == 0 || lc_get_stats == NULL) {
    return;
  }
  lc_get_stats(text, lc_config.malloc_stats > 1 ? (int)sizeof text : SHORT_TEXT);
  size_t bytes = 0;
  while (bytes < sizeof text && text[bytes] != '\0') {
    bytes++;
  }
  for (size_t done = 0; done < bytes;) {
    long wrote = lc_sys3(SYS_write, STDERR_FILENO, text + done, bytes - done);
    if (wrote <= 0 && wrote != -EINTR) {
      return;
    }
    done += wrote > 0 ? (size_t)wrote : 0;
  }
}
