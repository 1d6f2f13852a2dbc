#include "demux.h"

#include "header.h"
#include "klv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* PACKET: u64 pts, u32 duration, payload; the key carries the stream and the key-frame flag. */
enum { PACKET_HEAD_SIZE = 12 };

struct mp_demuxer {
  int fd;
  mp_context *context;
};

mp_demuxer *mp_demux_open(const char *path, mp_error *error) {
  uint8_t scratch[MP_HEADER_VALUE_MAX];
  mp_demuxer *demuxer = calloc(1, sizeof *demuxer);
  if (!demuxer) {
    mp_fail(error, MP_E_MEMORY, "no memory for a demuxer");
    return NULL;
  }
  demuxer->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (demuxer->fd < 0) {
    mp_fail_errno(error, "open");
  } else if (mp_header_read(demuxer->fd, path, scratch, &demuxer->context, error) == MP_OK) {
    return demuxer;
  }
  mp_demux_close(demuxer);
  return NULL;
}

static mp_status read_packet(int fd, const mp_item *item, mp_packet *packet, mp_error *error) {
  if (item->length < PACKET_HEAD_SIZE) {
    return mp_fail(error, MP_E_FORMAT, "PACKET has %u bytes", item->length);
  }
  packet->size = item->length - PACKET_HEAD_SIZE;
  if (packet->size > MP_PACKET_MAX) {
    return mp_fail(error, MP_E_UNSUPPORTED, "packet of %u bytes", packet->size);
  }
  uint8_t head[PACKET_HEAD_SIZE];
  mp_status status = mp_klv_read_value(fd, head, sizeof head, error);
  if (status != MP_OK) {
    return status;
  }
  packet->pts = mp_get64(head);
  packet->duration = mp_get32(head + 8);
  packet->stream = item->stream;
  packet->is_key = item->flags & MP_FLAG_KEYFRAME;
  return mp_klv_read_value(fd, packet->data, packet->size, error);
}

mp_status mp_demux_next(mp_demuxer *demuxer, mp_packet *packet, mp_error *error) {
  for (;;) {
    mp_item item;
    mp_status status = mp_klv_read(demuxer->fd, &item, error);
    if (status != MP_OK) {
      return status;
    }
    if (item.type == MP_ITEM_PACKET && item.stream >= demuxer->context->stream_count) {
      return mp_fail(error, MP_E_FORMAT, "packet of stream %u", item.stream);
    }
    if (item.type == MP_ITEM_PACKET) {
      return read_packet(demuxer->fd, &item, packet, error);
    }
    status = mp_klv_skip(demuxer->fd, &item, error);
    if (status != MP_OK) {
      return status;
    }
  }
}

const mp_context *mp_demux_context(const mp_demuxer *demuxer) { return demuxer->context; }

mp_context *mp_demux_take_context(mp_demuxer *demuxer) {
  mp_context *context = demuxer->context;
  demuxer->context = NULL;
  return context;
}

mp_status mp_demux_stream(const mp_demuxer *demuxer, uint32_t index, mp_stream_info *info) {
  const mp_stream *stream = demuxer->context->streams;
  while (stream && index-- > 0) {
    stream = stream->next;
  }
  if (!stream) {
    return MP_E_NOT_FOUND;
  }
  *info = stream->info;
  return MP_OK;
}

uint32_t mp_demux_timebase(const mp_demuxer *demuxer) { return demuxer->context->timebase; }

void mp_demux_close(mp_demuxer *demuxer) {
  if (!demuxer) {
    return;
  }
  if (demuxer->fd >= 0) {
    close(demuxer->fd);
  }
  mp_context_free(demuxer->context);
  free(demuxer);
}
