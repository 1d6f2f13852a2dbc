/* The last words: the file `words` of one page, mapped shared at the start and written
 * by plain stores. It says how far a run came when nothing else can be written any more: the
 * program gave up its rights, changed its root, may open no file, or a seccomp filter of its own
 * kills it for the agent's first system call. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>

#include "agent.h"
#include "sys.h"

#define PAGE 4096u

struct words {
  char text[PAGE - sizeof(uint32_t)];
  uint32_t used;
};
static struct words *words;

static void add(const char *text) {
  for (; *text != '\0'; text++) {
    uint32_t at = __atomic_fetch_add(&words->used, 1, __ATOMIC_RELAXED);
    if (at < sizeof words->text) {
      words->text[at] = *text;
    }
  }
}

void lc_words_start(void) {
  char path[sizeof lc_config.run_dir + 16];
  lc_in_run_dir(path, sizeof path, "words", "");
  long fd = lc_sys4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0) {
    return;
  }
  /* With its block on the disk: a store into a page that has none, on a full disk, is a SIGBUS. */
  if (lc_sys4(SYS_fallocate, fd, 0, 0, PAGE) == 0) {
    long page = lc_sys6(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    words = page > 0 ? (struct words *)page : NULL;
  }
  if (words != NULL) {
    add("started\n");
  }
  lc_sys1(SYS_close, fd);
}

void lc_words_leaving(int code) {
  char digits[4] = {0};
  unsigned status = (unsigned)code & 0xff; /* what the kernel makes of it */
  if (words == NULL) {
    return;
  }
  for (int i = 2; i >= 0; i--, status /= 10) {
    digits[i] = (char)('0' + status % 10);
  }
  add("leaving ");
  add(digits);
  add("\n");
}

bool lc_words_failure(const char *why, const char *detail) {
  if (words == NULL) {
    return false;
  }
  add("failure ");
  add(why);
  if (detail != NULL) {
    add(": ");
    add(detail);
  }
  add("\n");
  return true;
}
