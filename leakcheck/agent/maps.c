/* /proc/self/maps, read without libc. Runs in the forked checker. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "agent.h"
#include "sys.h"

static const char *read_all(struct lc_maps *maps) {
  size_t room = 1 << 20;
  for (;; room *= 4) {
    char *text = lc_map(room);
    if (text == NULL) {
      return "no memory to read /proc/self/maps";
    }
    long fd = lc_sys4(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
      return "/proc/self/maps cannot be opened (no /proc, another root, or no file may be opened)";
    }
    size_t used = 0;
    long got = 1;
    while (used < room && (got > 0 || got == -EINTR)) {
      got = lc_sys3(SYS_read, fd, text + used, room - used);
      used += got > 0 ? (size_t)got : 0;
    }
    lc_sys1(SYS_close, fd);
    if (got < 0) {
      return "/proc/self/maps cannot be read";
    }
    if (used < room) {
      maps->text = text;
      maps->text_bytes = used;
      return NULL;
    }
    lc_unmap(text, room);
  }
}

static uint64_t hex(const char **at) {
  uint64_t value = 0;
  for (;; (*at)++) {
    char c = **at;
    if (c >= '0' && c <= '9') {
      value = value * 16 + (uint64_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + (uint64_t)(c - 'a') + 10;
    } else {
      return value;
    }
  }
}

/* 55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 1234   /path/prog */
static const char *parse_line(const char *at, const char *end, struct lc_mapping *mapping) {
  mapping->lo = hex(&at);
  at++;
  mapping->hi = hex(&at);
  at++;
  mapping->readable = at[0] == 'r';
  mapping->writable = at[1] == 'w';
  mapping->executable = at[2] == 'x';
  mapping->private_ = at[3] == 'p';
  at += 5;
  mapping->offset = hex(&at);
  at++;
  uint64_t major = hex(&at);
  at++;
  mapping->device = (uint32_t)(major << 20 | hex(&at));
  at++;
  mapping->inode = 0;
  for (; *at >= '0' && *at <= '9'; at++) {
    mapping->inode = mapping->inode * 10 + (uint64_t)(*at - '0');
  }
  while (at < end && *at == ' ') {
    at++;
  }
  size_t used = 0;
  for (; at < end && *at != '\n'; at++) {
    if (used + 1 < sizeof mapping->path) {
      mapping->path[used++] = *at;
    }
  }
  mapping->path[used] = '\0';
  return at < end ? at + 1 : end;
}

const char *lc_maps_read(struct lc_maps *maps) {
  const char *why = read_all(maps);
  if (why != NULL) {
    return why;
  }
  size_t lines = 0;
  for (size_t i = 0; i < maps->text_bytes; i++) {
    lines += maps->text[i] == '\n';
  }
  maps->items = lc_map((lines + 1) * sizeof *maps->items);
  if (maps->items == NULL) {
    return "no memory to read /proc/self/maps";
  }
  const char *at = maps->text, *end = maps->text + maps->text_bytes;
  while (at < end && maps->count < lines) {
    at = parse_line(at, end, &maps->items[maps->count++]);
  }
  return NULL;
}

const struct lc_mapping *lc_maps_find(const struct lc_maps *maps, uintptr_t address) {
  size_t lo = 0, hi = maps->count;
  while (lo < hi) {
    size_t middle = lo + (hi - lo) / 2;
    if (maps->items[middle].hi <= address) {
      lo = middle + 1;
    } else {
      hi = middle;
    }
  }
  return lo < maps->count && maps->items[lo].lo <= address ? &maps->items[lo] : NULL;
}
