/* Writing a file: the header, packet after packet, the footer. */
#ifndef MP_MUX_H
#define MP_MUX_H

#include "demux.h"

typedef struct mp_muxer mp_muxer;

/* Creates (or empties) `path` and writes the header. NULL, with `error` filled in, on failure. */
mp_muxer *mp_mux_open(const char *path, const mp_stream_info *streams, uint32_t count,
                      uint32_t timebase, mp_error *error);

mp_status mp_mux_write(mp_muxer *muxer, const mp_packet *packet, mp_error *error);

/* Ticks from the first packet's time to the end of the last. */
uint64_t mp_mux_duration(const mp_muxer *muxer);

/* Writes footer and duration and frees the muxer, also when it fails. */
mp_status mp_mux_close(mp_muxer *muxer, mp_error *error);

/* Frees the muxer and leaves the file as it is, incomplete; NULL is fine. */
void mp_mux_abort(mp_muxer *muxer);

#endif
