#include "source.h"

#include "_cgo_export.h"

static int read_go(void *opaque, uint8_t *buffer, int size) {
  return filmRead((uintptr_t)opaque, buffer, size);
}

static int64_t seek_go(void *opaque, int64_t offset, int whence) {
  return filmSeek((uintptr_t)opaque, offset, whence);
}

int probe_go(uintptr_t reader, film_info *info) {
  film_source source = {(void *)reader, read_go, seek_go};
  return film_probe_source(&source, info);
}
