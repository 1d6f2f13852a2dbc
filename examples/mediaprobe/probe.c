#include "probe.h"

#include "demux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct mp_prober_entry {
  struct mp_prober_entry *next;
  char *path;
  mp_context *context;
  int64_t modified_ns; /* since 1970 */
  off_t size;
} entry;

mp_prober *mp_prober_new(void) {
  mp_prober *prober = calloc(1, sizeof *prober);
  return prober;
}

static void free_entry(entry *old) {
  mp_context_free(old->context);
  free(old->path);
  free(old);
}

static int64_t modified_ns(const struct stat *status) {
  return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

static int is_current(const entry *candidate, const struct stat *now) {
  return candidate->size == now->st_size && candidate->modified_ns == modified_ns(now);
}

/* Takes the entry for `path` out of the list; NULL when there is none. */
static entry *unlink_entry(mp_prober *prober, const char *path) {
  for (entry **at = &prober->newest; *at; at = &(*at)->next) {
    entry *found = *at;
    if (strcmp(found->path, path) == 0) {
      *at = found->next;
      prober->stats.entries--;
      return found;
    }
  }
  return NULL;
}

static void link_newest(mp_prober *prober, entry *fresh) {
  fresh->next = prober->newest;
  prober->newest = fresh;
  prober->stats.entries++;
}

static void drop_oldest(mp_prober *prober) {
  entry **at = &prober->newest;
  while ((*at)->next) {
    at = &(*at)->next;
  }
  free_entry(*at);
  *at = NULL;
  prober->stats.entries--;
}

static entry *new_entry(const char *path, const struct stat *now, mp_error *error) {
  entry *fresh = calloc(1, sizeof *fresh);
  if (fresh) {
    fresh->path = strdup(path);
  }
  if (!fresh || !fresh->path) {
    free(fresh);
    mp_fail(error, MP_E_MEMORY, "no memory for a cache entry");
    return NULL;
  }
  fresh->size = now->st_size;
  fresh->modified_ns = modified_ns(now);
  return fresh;
}

static entry *read_entry(const char *path, const struct stat *now, mp_error *error) {
  mp_demuxer *demuxer = mp_demux_open(path, error);
  if (!demuxer) {
    return NULL;
  }
  entry *fresh = new_entry(path, now, error);
  if (fresh) {
    fresh->context = mp_demux_take_context(demuxer);
  }
  mp_demux_close(demuxer);
  return fresh;
}

/* The context of the file as it is now, from the cache if it has not changed since. It belongs
 * to the cache. */
static const mp_context *look_up(mp_prober *prober, const char *path, mp_error *error) {
  struct stat now;
  if (stat(path, &now) != 0) {
    mp_fail_errno(error, "stat");
    return NULL;
  }
  entry *known = unlink_entry(prober, path);
  if (known && is_current(known, &now)) {
    prober->stats.hits++;
  } else {
    if (known) {
      free_entry(known);
    }
    prober->stats.misses++;
    known = read_entry(path, &now, error);
  }
  if (!known) {
    return NULL;
  }
  link_newest(prober, known);
  if (prober->stats.entries > MP_PROBER_ENTRIES) {
    drop_oldest(prober);
  }
  return known->context;
}

mp_status mp_prober_probe(mp_prober *prober, const char *path, mp_info *info, mp_error *error) {
  const mp_context *context = look_up(prober, path, error);
  if (!context) {
    return error->status;
  }
  *info = (mp_info){.duration = context->duration,
                    .timebase = context->timebase,
                    .stream_count = context->stream_count};
  mp_stream_info *to = info->streams;
  for (const mp_stream *stream = context->streams; stream; stream = stream->next) {
    *to++ = stream->info;
  }
  return MP_OK;
}

mp_status mp_prober_tag(mp_prober *prober, const char *path, const char *key, char *value,
                        size_t room, mp_error *error) {
  const mp_context *context = look_up(prober, path, error);
  if (!context) {
    return error->status;
  }
  const char *found = mp_context_tag(context, key);
  if (!found) {
    return mp_fail(error, MP_E_NOT_FOUND, "%s has no tag %s", context->name, key);
  }
  snprintf(value, room, "%s", found);
  return MP_OK;
}

mp_prober_stats mp_prober_get_stats(const mp_prober *prober) { return prober->stats; }

void mp_prober_free(mp_prober *prober) {
  if (!prober) {
    return;
  }
  while (prober->newest) {
    entry *next = prober->newest->next;
    free_entry(prober->newest);
    prober->newest = next;
  }
  free(prober);
}
