/* Output without libc: runs in the forked checker, where no lock may be taken. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "agent.h"
#include "sys.h"

static size_t append(char *to, size_t used, size_t room, const char *text) {
  while (*text != '\0' && used + 1 < room) {
    to[used++] = *text++;
  }
  to[used] = '\0';
  return used;
}

void lc_in_run_dir(char *path, size_t room, const char *name, const char *suffix) {
  size_t used = append(path, 0, room, lc_config.run_dir);
  used = append(path, used, room, "/");
  used = append(path, used, room, name);
  append(path, used, room, suffix);
}

bool lc_out_open(struct lc_out *out, const char *name) {
  char path[4200];
  lc_in_run_dir(path, sizeof path, name, ".tmp");
  out->used = 0;
  out->error = 0;
  long fd = lc_sys4(SYS_openat, AT_FDCWD, path,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  out->fd = (int)fd;
  if (fd < 0) {
    out->error = (int)-fd;
  }
  return fd >= 0;
}

static void flush(struct lc_out *out) {
  size_t done = 0;
  while (done < out->used && out->error == 0) {
    long wrote = lc_sys3(SYS_write, out->fd, out->buffer + done, out->used - done);
    if (wrote == -EINTR) {
      continue;
    }
    if (wrote <= 0) {
      out->error = wrote == 0 ? EIO : (int)-wrote;
      break;
    }
    done += (size_t)wrote;
  }
  out->used = 0;
}

bool lc_out_close(struct lc_out *out, const char *name) {
  char from[4200], to[4200];
  flush(out);
  long closed = lc_sys1(SYS_close, out->fd);
  if (closed < 0 && out->error == 0) {
    out->error = (int)-closed;
  }
  lc_in_run_dir(from, sizeof from, name, ".tmp");
  lc_in_run_dir(to, sizeof to, name, "");
  if (out->error == 0) {
    long renamed = lc_sys4(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    out->error = renamed < 0 ? (int)-renamed : 0;
  }
  return out->error == 0;
}

void lc_put_bytes(struct lc_out *out, const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (out->used == sizeof out->buffer) {
      flush(out);
    }
    out->buffer[out->used++] = bytes[i];
  }
}

void lc_put(struct lc_out *out, const char *text) {
  while (*text != '\0') {
    lc_put_bytes(out, text++, 1);
  }
}

void lc_put_number(struct lc_out *out, uint64_t number, int width) {
  char digits[24];
  int used = 0;
  do {
    digits[used++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  for (int i = used; i < width; i++) {
    lc_put_bytes(out, " ", 1);
  }
  while (used > 0) {
    lc_put_bytes(out, &digits[--used], 1);
  }
}

void lc_put_hex(struct lc_out *out, uint64_t number) {
  lc_put(out, "0x");
  for (int shift = 60; shift >= 0; shift -= 4) {
    lc_put_bytes(out, &"0123456789abcdef"[(number >> shift) & 15], 1);
  }
}

uint64_t lc_now_us(void) {
  struct timespec now = {0};
  lc_sys2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}
