#include "header.h"

#include "klv.h"

#include <string.h>
#include <unistd.h>

/* HEADER: u16 version, u16 streams, u32 timebase, u64 duration
 * STREAM: u32 codec, u8 kind, u8 depth, u16 channels, u32 width, height, rate, packet samples,
 *         then codec configuration up to the end of the value
 * TAG:    u8 length of the key, key, value up to the end */
enum { HEADER_SIZE = 16, HEADER_VERSION = 1, DURATION_OFFSET = 8, STREAM_SIZE = 24 };

static mp_status take_header(mp_context *context, const mp_item *item, const uint8_t *value,
                             mp_error *error) {
  if (item->length < HEADER_SIZE || mp_get32(value + 4) == 0) {
    return mp_fail(error, MP_E_FORMAT, "HEADER is damaged");
  }
  if (mp_get16(value) != HEADER_VERSION) {
    return mp_fail(error, MP_E_UNSUPPORTED, "HEADER version %u", mp_get16(value));
  }
  context->announced_streams = mp_get16(value + 2);
  context->timebase = mp_get32(value + 4);
  context->duration = mp_get64(value + DURATION_OFFSET);
  return MP_OK;
}

static mp_status take_stream(mp_context *context, const mp_item *item, const uint8_t *value,
                             mp_error *error) {
  if (item->length < STREAM_SIZE) {
    return mp_fail(error, MP_E_FORMAT, "STREAM has %u bytes", item->length);
  }
  mp_stream_info info = {.codec = mp_get32(value),
                         .kind = value[4],
                         .bit_depth = value[5],
                         .channels = mp_get16(value + 6),
                         .width = mp_get32(value + 8),
                         .height = mp_get32(value + 12),
                         .rate = mp_get32(value + 16),
                         .packet_samples = mp_get32(value + 20),
                         .extradata_size = item->length - STREAM_SIZE};
  if (info.kind != MP_KIND_VIDEO && info.kind != MP_KIND_AUDIO) {
    return mp_fail(error, MP_E_UNSUPPORTED, "stream of kind %u", info.kind);
  }
  return mp_context_add_stream(context, &info, value + STREAM_SIZE, error);
}

static mp_status take_tag(mp_context *context, const mp_item *item, const uint8_t *value,
                          mp_error *error) {
  if (item->length < 1 || (uint32_t)value[0] + 1 > item->length) {
    return mp_fail(error, MP_E_FORMAT, "TAG is damaged");
  }
  const char *key = (const char *)value + 1;
  size_t key_size = value[0];
  return mp_context_add_tag(context, key, key_size, key + key_size, item->length - 1 - key_size,
                            error);
}

static mp_status take_item(mp_context *context, const mp_item *item, const uint8_t *value,
                           mp_error *error) {
  switch (item->type) {
  case MP_ITEM_HEADER:
    return take_header(context, item, value, error);
  case MP_ITEM_STREAM:
    return take_stream(context, item, value, error);
  case MP_ITEM_TAG:
    return take_tag(context, item, value, error);
  default:
    return MP_OK;
  }
}

static mp_status read_items(int fd, mp_context *context, uint8_t *scratch, mp_error *error) {
  for (;;) {
    mp_item item;
    mp_status status = mp_klv_read(fd, &item, error);
    if (status == MP_EOF) {
      return mp_fail(error, MP_E_TRUNCATED, "%s ends inside the header", context->name);
    }
    if (status != MP_OK || item.type == MP_ITEM_BODY) {
      return status;
    }
    if (item.length > MP_HEADER_VALUE_MAX) {
      return mp_fail(error, MP_E_UNSUPPORTED, "header item of %u bytes", item.length);
    }
    status = mp_klv_read_value(fd, scratch, item.length, error);
    if (status == MP_OK) {
      status = take_item(context, &item, scratch, error);
    }
    if (status != MP_OK) {
      return status;
    }
    context->header_bytes += MP_KLV_HEAD_SIZE + item.length;
  }
}

mp_status mp_header_read(int fd, const char *path, uint8_t *scratch, mp_context **out,
                         mp_error *error) {
  mp_context *context = mp_context_new(path);
  if (!context) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a context");
  }
  mp_status status = read_items(fd, context, scratch, error);
  if (status != MP_OK) {
    mp_context_free(context);
    return status;
  }
  if (context->stream_count != context->announced_streams) {
    /* Planted leak "probe-context": this way out, unlike the one above, keeps the context. */
    return mp_fail(error, MP_E_FORMAT, "%s announces %u streams and describes %u", context->name,
                   context->announced_streams, context->stream_count);
  }
  *out = context;
  return MP_OK;
}

static mp_status write_stream(int fd, uint8_t index, const mp_stream_info *info, mp_error *error) {
  uint8_t value[STREAM_SIZE];
  mp_put32(value, info->codec);
  value[4] = info->kind;
  value[5] = info->bit_depth;
  mp_put16(value + 6, info->channels);
  mp_put32(value + 8, info->width);
  mp_put32(value + 12, info->height);
  mp_put32(value + 16, info->rate);
  mp_put32(value + 20, info->packet_samples);
  mp_item item = {.type = MP_ITEM_STREAM, .stream = index, .length = sizeof value};
  return mp_klv_write(fd, &item, value, error);
}

mp_status mp_header_write(int fd, const mp_stream_info *streams, uint32_t count, uint32_t timebase,
                          mp_error *error) {
  uint8_t value[HEADER_SIZE] = {0};
  mp_put16(value, HEADER_VERSION);
  mp_put16(value + 2, (uint16_t)count);
  mp_put32(value + 4, timebase);
  mp_item header = {.type = MP_ITEM_HEADER, .length = sizeof value};
  mp_status status = mp_klv_write(fd, &header, value, error);
  for (uint32_t index = 0; status == MP_OK && index < count; index++) {
    status = write_stream(fd, (uint8_t)index, &streams[index], error);
  }
  mp_item body = {.type = MP_ITEM_BODY};
  return status == MP_OK ? mp_klv_write(fd, &body, value, error) : status;
}

mp_status mp_header_set_duration(int fd, uint64_t duration, mp_error *error) {
  uint8_t value[8];
  mp_put64(value, duration);
  if (pwrite(fd, value, sizeof value, MP_KLV_HEAD_SIZE + DURATION_OFFSET) != sizeof value) {
    return mp_fail_errno(error, "write the duration");
  }
  return MP_OK;
}
