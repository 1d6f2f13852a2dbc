/* Asking what is in a file, and remembering the answer. */
#ifndef MP_PROBE_H
#define MP_PROBE_H

#include "context.h"

#include <stddef.h>

/* The answer. No pointers: Go copies it as it is. */
typedef struct mp_info {
  uint64_t duration; /* in ticks */
  uint32_t timebase; /* ticks a second */
  uint32_t stream_count;
  mp_stream_info streams[MP_MAX_STREAMS];
} mp_info;

typedef struct mp_prober_stats {
  uint64_t hits;
  uint64_t misses;
  uint32_t entries;
} mp_prober_stats;

/* A prober keeps the contexts of the files it saw last, MP_PROBER_ENTRIES of them. It is not
 * safe for use by several threads at once. Its fields are for probe.c alone; the type is complete
 * because cgo hides pointers to incomplete types from Go's type information, and with it from
 * tools that ask what a Go variable holds. */
typedef struct mp_prober {
  struct mp_prober_entry *newest; /* most recently asked for first */
  mp_prober_stats stats;
} mp_prober;

#define MP_PROBER_ENTRIES 8

/* NULL without memory. */
mp_prober *mp_prober_new(void);

/* Describes the file at `path`, which is read again when its size or time changed. */
mp_status mp_prober_probe(mp_prober *prober, const char *path, mp_info *info, mp_error *error);

/* Copies the value of tag `key` (case does not matter), cut to `room` bytes with its terminator. */
mp_status mp_prober_tag(mp_prober *prober, const char *path, const char *key, char *value,
                        size_t room, mp_error *error);

mp_prober_stats mp_prober_get_stats(const mp_prober *prober);

/* Frees the prober and its cache; NULL is fine. */
void mp_prober_free(mp_prober *prober);

#endif
