/* What is known about an opened file: its streams and tags. */
#ifndef MP_CONTEXT_H
#define MP_CONTEXT_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define MP_MAX_STREAMS 16

/* Four characters as one number, as in MP4: MP_FOURCC('h', 'e', 'v', 'c'). */
#define MP_FOURCC(a, b, c, d)                                                                      \
  ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

enum mp_kind { MP_KIND_VIDEO = 1, MP_KIND_AUDIO = 2 };

/* A stream's parameters. No pointers: Go copies it as it is. */
typedef struct mp_stream_info {
  uint32_t codec; /* MP_FOURCC */
  uint8_t kind; /* enum mp_kind */
  uint8_t bit_depth; /* of a sample as it is stored */
  uint16_t channels; /* audio, else 0 */
  uint32_t width; /* pixels, even; video, else 0 */
  uint32_t height; /* likewise */
  uint32_t rate; /* frames or samples a second */
  uint32_t packet_samples; /* samples of each channel in a packet; audio, else 0 */
  uint32_t extradata_size; /* bytes of codec configuration */
} mp_stream_info;

typedef struct mp_stream {
  struct mp_stream *next;
  uint8_t *extradata; /* NULL when there is none */
  mp_stream_info info;
} mp_stream;

typedef struct mp_tag {
  struct mp_tag *next;
  const char *value; /* points into `text` */
  char text[]; /* the key, then the value, both terminated */
} mp_tag;

typedef struct mp_context {
  char *name; /* of the file, without folders; for messages */
  mp_stream *streams;
  mp_tag *tags;
  uint64_t duration; /* in ticks */
  uint64_t header_bytes; /* where the body begins */
  uint32_t timebase; /* ticks a second */
  uint32_t stream_count;
  uint32_t announced_streams; /* as the HEADER item says */
} mp_context;

/* planted.json states these sizes. */
_Static_assert(sizeof(void *) != 8 || sizeof(mp_context) == 56, "mp_context");
_Static_assert(sizeof(void *) != 8 || sizeof(mp_stream) == 48, "mp_stream");

/* An empty context that remembers the last component of `path`; NULL without memory. */
mp_context *mp_context_new(const char *path);

/* Appends a stream with its own copy of `info->extradata_size` bytes of `extradata`. */
mp_status mp_context_add_stream(mp_context *context, const mp_stream_info *info,
                                const uint8_t *extradata, mp_error *error);

/* Adds a tag; neither `key` nor `value` need be terminated. */
mp_status mp_context_add_tag(mp_context *context, const char *key, size_t key_size,
                             const char *value, size_t value_size, mp_error *error);

/* The value of tag `key`, or NULL. Lives as long as the context. */
const char *mp_context_tag(const mp_context *context, const char *key);

/* Frees the context and all it holds; NULL is fine. */
void mp_context_free(mp_context *context);

#endif
