#include "mux.h"

#include "header.h"
#include "klv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PACKET_HEAD_SIZE = 12, FOOTER_SIZE = 4 };

struct mp_muxer {
  int fd;
  uint32_t streams;
  uint32_t packets;
  uint64_t first_pts;
  uint64_t end_pts;
};

mp_muxer *mp_mux_open(const char *path, const mp_stream_info *streams, uint32_t count,
                      uint32_t timebase, mp_error *error) {
  mp_muxer *muxer = calloc(1, sizeof *muxer);
  if (!muxer) {
    mp_fail(error, MP_E_MEMORY, "no memory for a muxer");
    return NULL;
  }
  muxer->streams = count;
  muxer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (muxer->fd < 0) {
    mp_fail_errno(error, "create");
  } else if (mp_header_write(muxer->fd, streams, count, timebase, error) == MP_OK) {
    return muxer;
  }
  mp_mux_abort(muxer);
  return NULL;
}

mp_status mp_mux_write(mp_muxer *muxer, const mp_packet *packet, mp_error *error) {
  if (packet->stream >= muxer->streams || packet->size > MP_PACKET_MAX) {
    return mp_fail(error, MP_E_FORMAT, "packet of %u bytes for stream %u", packet->size,
                   packet->stream);
  }
  uint8_t value[PACKET_HEAD_SIZE + MP_PACKET_MAX];
  mp_put64(value, packet->pts);
  mp_put32(value + 8, packet->duration);
  memcpy(value + PACKET_HEAD_SIZE, packet->data, packet->size);
  mp_item item = {.type = MP_ITEM_PACKET,
                  .stream = packet->stream,
                  .flags = packet->is_key ? MP_FLAG_KEYFRAME : 0,
                  .length = PACKET_HEAD_SIZE + packet->size};
  if (muxer->packets++ == 0 || packet->pts < muxer->first_pts) {
    muxer->first_pts = packet->pts;
  }
  if (packet->pts + packet->duration > muxer->end_pts) {
    muxer->end_pts = packet->pts + packet->duration;
  }
  return mp_klv_write(muxer->fd, &item, value, error);
}

uint64_t mp_mux_duration(const mp_muxer *muxer) { return muxer->end_pts - muxer->first_pts; }

static mp_status write_footer(mp_muxer *muxer, mp_error *error) {
  uint8_t value[FOOTER_SIZE];
  mp_put32(value, muxer->packets);
  mp_item item = {.type = MP_ITEM_FOOTER, .length = sizeof value};
  mp_status status = mp_klv_write(muxer->fd, &item, value, error);
  return status == MP_OK ? mp_header_set_duration(muxer->fd, mp_mux_duration(muxer), error)
                         : status;
}

mp_status mp_mux_close(mp_muxer *muxer, mp_error *error) {
  mp_status status = write_footer(muxer, error);
  if (close(muxer->fd) != 0 && status == MP_OK) {
    status = mp_fail_errno(error, "close");
  }
  free(muxer);
  return status;
}

void mp_mux_abort(mp_muxer *muxer) {
  if (!muxer) {
    return;
  }
  if (muxer->fd >= 0) {
    close(muxer->fd);
  }
  free(muxer);
}
