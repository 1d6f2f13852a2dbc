/* Transcoding: one input, one sink, a lane for each stream. */
#ifndef MP_XCODE_H
#define MP_XCODE_H

#include "demux.h"

/* What to make. No pointers. */
typedef struct mp_xcode_params {
  uint32_t video_codec; /* MP_FOURCC; 0 drops video */
  uint32_t audio_codec; /* likewise */
  uint32_t segment_packets; /* 0: one file; else HLS segments of that many packets */
} mp_xcode_params;

typedef struct mp_xcode_summary {
  uint64_t video_packets; /* coded */
  uint64_t audio_packets; /* handed to workers */
  uint32_t files;
} mp_xcode_summary;

typedef struct mp_xcoder mp_xcoder;

/* Opens the file `input` and prepares `output` (see mp_sink_open). NULL, with `error` filled in,
 * on failure. */
mp_xcoder *mp_xcode_open(const char *input, const char *output, const mp_xcode_params *params,
                         mp_error *error);

/* Takes one packet from the input; MP_EOF when there are no more. */
mp_status mp_xcode_step(mp_xcoder *xcoder, mp_error *error);

/* Waits for the workers, completes the output, sums up, and frees the transcoder, also when it
 * fails or the input was not read to its end. NULL is fine. */
mp_status mp_xcode_finish(mp_xcoder *xcoder, mp_xcode_summary *summary, mp_error *error);

#endif
