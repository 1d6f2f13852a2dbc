#include "context.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *last_component(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

mp_context *mp_context_new(const char *path) {
  mp_context *context = calloc(1, sizeof *context);
  if (!context) {
    return NULL;
  }
  context->name = strdup(last_component(path));
  if (!context->name) {
    free(context);
    return NULL;
  }
  return context;
}

mp_status mp_context_add_stream(mp_context *context, const mp_stream_info *info,
                                const uint8_t *extradata, mp_error *error) {
  if (context->stream_count == MP_MAX_STREAMS) {
    return mp_fail(error, MP_E_UNSUPPORTED, "more than %d streams", MP_MAX_STREAMS);
  }
  mp_stream *stream = calloc(1, sizeof *stream);
  if (!stream) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a stream");
  }
  stream->info = *info;
  if (info->extradata_size > 0) {
    stream->extradata = malloc(info->extradata_size);
    if (!stream->extradata) {
      free(stream);
      return mp_fail(error, MP_E_MEMORY, "no memory for codec configuration");
    }
    memcpy(stream->extradata, extradata, info->extradata_size);
  }
  mp_stream **end = &context->streams;
  while (*end) {
    end = &(*end)->next;
  }
  *end = stream;
  context->stream_count++;
  return MP_OK;
}

mp_status mp_context_add_tag(mp_context *context, const char *key, size_t key_size,
                             const char *value, size_t value_size, mp_error *error) {
  mp_tag *tag = calloc(1, sizeof *tag + key_size + 1 + value_size + 1);
  if (!tag) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a tag");
  }
  char *own_value = tag->text + key_size + 1;
  memcpy(tag->text, key, key_size);
  memcpy(own_value, value, value_size);
  tag->value = own_value;
  tag->next = context->tags;
  context->tags = tag;
  return MP_OK;
}

const char *mp_context_tag(const mp_context *context, const char *key) {
  for (const mp_tag *tag = context->tags; tag; tag = tag->next) {
    if (strcasecmp(tag->text, key) == 0) {
      return tag->value;
    }
  }
  return NULL;
}

static void free_streams(mp_stream *stream) {
  while (stream) {
    mp_stream *next = stream->next;
    free(stream->extradata);
    free(stream);
    stream = next;
  }
}

static void free_tags(mp_tag *tag) {
  while (tag) {
    mp_tag *next = tag->next;
    free(tag);
    tag = next;
  }
}

void mp_context_free(mp_context *context) {
  if (!context) {
    return;
  }
  free_streams(context->streams);
  free_tags(context->tags);
  free(context->name);
  free(context);
}
