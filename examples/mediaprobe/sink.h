/* Where a transcoder's packets go: one file (a mezzanine), or HLS segments with a playlist.
 * Several workers may write at the same time. */
#ifndef MP_SINK_H
#define MP_SINK_H

#include "demux.h"

typedef struct mp_sink mp_sink;

/* With `segment_packets` 0, `path` is the file to write. Else it is an existing folder, which
 * gets segment-00001.mxf and so on, each of that many packets, and index.m3u8. `streams` is
 * copied. NULL, with `error` filled in, on failure. */
mp_sink *mp_sink_open(const char *path, const mp_stream_info *streams, uint32_t count,
                      uint32_t timebase, uint32_t segment_packets, mp_error *error);

mp_status mp_sink_write(mp_sink *sink, const mp_packet *packet, mp_error *error);

/* Files written so far, the one being written included. */
uint32_t mp_sink_files(const mp_sink *sink);

/* Completes the files and frees the sink, also when it fails. NULL is fine. */
mp_status mp_sink_close(mp_sink *sink, mp_error *error);

#endif
