/* Reading a file: the header once, then packet after packet. */
#ifndef MP_DEMUX_H
#define MP_DEMUX_H

#include "context.h"

#define MP_PACKET_MAX 16384

/* One coded picture, or one block of audio. Holds its bytes itself, so that a packet can live on
 * the stack of whoever works on it. */
typedef struct mp_packet {
  uint64_t pts; /* presentation time in ticks */
  uint32_t duration; /* in ticks */
  uint32_t size; /* bytes used of `data` */
  uint8_t stream;
  uint8_t is_key; /* decodable without an earlier packet */
  uint8_t data[MP_PACKET_MAX];
} mp_packet;

typedef struct mp_demuxer mp_demuxer;

/* Opens `path` and reads its header. NULL, with `error` filled in, on failure. */
mp_demuxer *mp_demux_open(const char *path, mp_error *error);

/* Reads the next packet; MP_EOF after the last. */
mp_status mp_demux_next(mp_demuxer *demuxer, mp_packet *packet, mp_error *error);

/* The file's context; it belongs to the demuxer. */
const mp_context *mp_demux_context(const mp_demuxer *demuxer);

/* Takes the context out of the demuxer: the caller frees it from now on. */
mp_context *mp_demux_take_context(mp_demuxer *demuxer);

/* The parameters of stream `index`; MP_E_NOT_FOUND after the last. */
mp_status mp_demux_stream(const mp_demuxer *demuxer, uint32_t index, mp_stream_info *info);

/* Ticks a second. */
uint32_t mp_demux_timebase(const mp_demuxer *demuxer);

/* Closes the file and frees the demuxer; NULL is fine. */
void mp_demux_close(mp_demuxer *demuxer);

#endif
