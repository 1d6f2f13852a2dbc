#include "sink.h"

#include "mux.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct segment {
  struct segment *next;
  double duration_s;
  char name[24];
} segment;

struct mp_sink {
  pthread_mutex_t lock;
  char *path;
  mp_muxer *muxer; /* of the file being written; NULL before a segment's first packet */
  segment *segments; /* finished ones, oldest first */
  uint32_t files; /* begun */
  uint32_t packets; /* in the file being written */
  uint32_t segment_packets; /* 0: a single file */
  uint32_t timebase;
  uint32_t stream_count;
  mp_stream_info streams[MP_MAX_STREAMS];
};

static void name_segment(char *name, size_t room, uint32_t number) {
  snprintf(name, room, "segment-%05u.mxf", number);
}

static mp_status begin_file(mp_sink *sink, mp_error *error) {
  char path[PATH_MAX];
  int size = snprintf(path, sizeof path, "%s", sink->path);
  sink->files++;
  if (sink->segment_packets > 0) {
    char name[sizeof((segment *)0)->name];
    name_segment(name, sizeof name, sink->files);
    size = snprintf(path, sizeof path, "%s/%s", sink->path, name);
  }
  if (size >= (int)sizeof path) {
    return mp_fail(error, MP_E_UNSUPPORTED, "path of %d bytes", size);
  }
  sink->packets = 0;
  sink->muxer = mp_mux_open(path, sink->streams, sink->stream_count, sink->timebase, error);
  return sink->muxer ? MP_OK : error->status;
}

/* Notes the segment just finished for the playlist. */
static mp_status add_segment(mp_sink *sink, double duration_s, mp_error *error) {
  segment *fresh = calloc(1, sizeof *fresh);
  if (!fresh) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a segment");
  }
  fresh->duration_s = duration_s;
  name_segment(fresh->name, sizeof fresh->name, sink->files);
  segment **end = &sink->segments;
  while (*end) {
    end = &(*end)->next;
  }
  *end = fresh;
  return MP_OK;
}

static mp_status end_file(mp_sink *sink, mp_error *error) {
  double duration_s = (double)mp_mux_duration(sink->muxer) / sink->timebase;
  mp_status status = mp_mux_close(sink->muxer, error);
  sink->muxer = NULL;
  if (status == MP_OK && sink->segment_packets > 0) {
    status = add_segment(sink, duration_s, error);
  }
  return status;
}

mp_sink *mp_sink_open(const char *path, const mp_stream_info *streams, uint32_t count,
                      uint32_t timebase, uint32_t segment_packets, mp_error *error) {
  mp_sink *sink = calloc(1, sizeof *sink);
  if (sink) {
    sink->path = strdup(path);
  }
  if (!sink || !sink->path) {
    free(sink);
    mp_fail(error, MP_E_MEMORY, "no memory for a sink");
    return NULL;
  }
  pthread_mutex_init(&sink->lock, NULL);
  sink->timebase = timebase;
  sink->segment_packets = segment_packets;
  sink->stream_count = count;
  memcpy(sink->streams, streams, count * sizeof *streams);
  return sink;
}

static mp_status write_locked(mp_sink *sink, const mp_packet *packet, mp_error *error) {
  mp_status status = MP_OK;
  if (sink->muxer && sink->segment_packets > 0 && sink->packets == sink->segment_packets) {
    status = end_file(sink, error);
  }
  if (status == MP_OK && !sink->muxer) {
    status = begin_file(sink, error);
  }
  if (status == MP_OK) {
    sink->packets++;
    status = mp_mux_write(sink->muxer, packet, error);
  }
  return status;
}

mp_status mp_sink_write(mp_sink *sink, const mp_packet *packet, mp_error *error) {
  pthread_mutex_lock(&sink->lock);
  mp_status status = write_locked(sink, packet, error);
  pthread_mutex_unlock(&sink->lock);
  return status;
}

uint32_t mp_sink_files(const mp_sink *sink) { return sink->files; }

static mp_status write_playlist(const mp_sink *sink, mp_error *error) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/index.m3u8", sink->path);
  FILE *playlist = fopen(path, "we");
  if (!playlist) {
    return mp_fail_errno(error, "create the playlist");
  }
  fputs("#EXTM3U\n#EXT-X-VERSION:3\n", playlist);
  for (const segment *at = sink->segments; at; at = at->next) {
    fprintf(playlist, "#EXTINF:%.3f,\n%s\n", at->duration_s, at->name);
  }
  fputs("#EXT-X-ENDLIST\n", playlist);
  int failed = ferror(playlist);
  if (fclose(playlist) != 0 || failed) {
    return mp_fail_errno(error, "write the playlist");
  }
  return MP_OK;
}

static mp_status complete(mp_sink *sink, mp_error *error) {
  mp_status status = sink->muxer ? end_file(sink, error) : MP_OK;
  if (status == MP_OK && sink->segment_packets > 0) {
    status = write_playlist(sink, error);
  }
  return status;
}

mp_status mp_sink_close(mp_sink *sink, mp_error *error) {
  if (!sink) {
    return MP_OK;
  }
  mp_status status = complete(sink, error);
  while (sink->segments) {
    segment *next = sink->segments->next;
    free(sink->segments);
    sink->segments = next;
  }
  pthread_mutex_destroy(&sink->lock);
  free(sink->path);
  free(sink);
  return status;
}
