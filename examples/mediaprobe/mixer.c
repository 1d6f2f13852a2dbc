#include "mixer.h"

#include "klv.h"

#include <stdlib.h>

enum { GAIN = 58409, GAIN_ONE = 65536 }; /* -1 dB */

mp_status mp_mixer_init(mp_mixer *mixer, uint32_t channels, mp_error *error) {
  mixer->capacity = (size_t)MP_MIXER_PACKET_SAMPLES * channels;
  mixer->samples = malloc(mixer->capacity * sizeof *mixer->samples);
  if (!mixer->samples) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a mixer");
  }
  return MP_OK;
}

/* AC-3 has 1536 samples in a packet where AAC has 1024. */
static mp_status grow(mp_mixer *mixer, size_t samples, mp_error *error) {
  int32_t *larger = malloc(samples * sizeof *larger);
  if (!larger) {
    return mp_fail(error, MP_E_MEMORY, "no memory for %zu samples", samples);
  }
  /* Planted leak "worker-buffer": the smaller buffer is forgotten here. */
  mixer->samples = larger;
  mixer->capacity = samples;
  return MP_OK;
}

mp_status mp_mixer_run(mp_mixer *mixer, const uint8_t *from, uint8_t *to, size_t size,
                       mp_error *error) {
  size_t count = size / 2;
  if (count > mixer->capacity) {
    mp_status status = grow(mixer, count, error);
    if (status != MP_OK) {
      return status;
    }
  }
  for (size_t at = 0; at < count; at++) {
    mixer->samples[at] = (int16_t)mp_get16(from + 2 * at) * GAIN;
  }
  for (size_t at = 0; at < count; at++) {
    mp_put16(to + 2 * at, (uint16_t)(mixer->samples[at] / GAIN_ONE));
  }
  return MP_OK;
}

void mp_mixer_close(mp_mixer *mixer) {
  free(mixer->samples);
  mixer->samples = NULL;
  mixer->capacity = 0;
}
