/* /proc/self/maps, read without libc. Runs in the forked checker. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "agent.h"
#include "sys.h"

#define FIRST_ROOM ((size_t)1 << 20)
#define SHORTEST_LINE 32u

/* Room for the text, and for as many lines as it can have. */
static bool make_room(struct lc_maps *maps, size_t room) {
  maps->text = lc_map(room);
  maps->items = lc_map(room / SHORTEST_LINE * sizeof *maps->items);
  maps->room = room;
  return maps->text != NULL && maps->items != NULL;
}

static void unmap(struct lc_maps *maps) {
  lc_unmap(maps->text, maps->room);
  lc_unmap(maps->items, maps->room / SHORTEST_LINE * sizeof *maps->items);
}

static const char *read_all(struct lc_maps *maps) {
  while (maps->room != 0 || make_room(maps, FIRST_ROOM)) {
    long fd = lc_sys4(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
      return "/proc/self/maps cannot be opened (no /proc, another root, or no file may be opened)";
    }
    size_t used = 0;
    long got = 1;
    while (used < maps->room && (got > 0 || got == -EINTR)) {
      got = lc_sys3(SYS_read, fd, maps->text + used, maps->room - used);
      used += got > 0 ? (size_t)got : 0;
    }
    lc_sys1(SYS_close, fd);
    if (got < 0) {
      return "/proc/self/maps cannot be read";
    }
    if (used < maps->room) {
      maps->text_bytes = used;
      return NULL;
    }
    size_t more = maps->room * 4;
    unmap(maps);
    if (!make_room(maps, more)) {
      break;
    }
  }
  maps->room = 0;
  return "no memory to read /proc/self/maps";
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
  mapping->line = at;
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
  at += at < end;
  mapping->line_bytes = (size_t)(at - mapping->line);
  return at;
}

const char *lc_maps_read(struct lc_maps *maps) {
  const char *why = read_all(maps);
  if (why != NULL) {
    return why;
  }
  const char *at = maps->text, *end = maps->text + maps->text_bytes;
  maps->count = 0;
  while (at < end) {
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
