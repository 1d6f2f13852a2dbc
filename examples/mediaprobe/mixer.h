/* The sample buffer of one audio track: 16-bit samples in, attenuated ones out. */
#ifndef MP_MIXER_H
#define MP_MIXER_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

/* What an AAC packet holds; enough for most tracks. */
#define MP_MIXER_PACKET_SAMPLES 1024

typedef struct mp_mixer {
  int32_t *samples;
  size_t capacity; /* in samples, all channels together */
} mp_mixer;

/* Makes room for packets of MP_MIXER_PACKET_SAMPLES samples of each channel. */
mp_status mp_mixer_init(mp_mixer *mixer, uint32_t channels, mp_error *error);

/* Attenuates `size` bytes of big-endian 16-bit samples by 1 dB, `from` to `to`. */
mp_status mp_mixer_run(mp_mixer *mixer, const uint8_t *from, uint8_t *to, size_t size,
                       mp_error *error);

void mp_mixer_close(mp_mixer *mixer);

#endif
