#include "codec.h"

#include <pthread.h>
#include <stdlib.h>

/* 8 bits, each sample as the difference to its left neighbour. */
static mp_status encode_h264(const mp_frame *frame, mp_packet *coded, mp_error *error) {
  if (frame->size > sizeof coded->data) {
    return mp_fail(error, MP_E_UNSUPPORTED, "picture of %zu bytes", frame->size);
  }
  uint8_t left = 0;
  for (size_t at = 0; at < frame->size; at++) {
    coded->data[at] = (uint8_t)(frame->data[at] - left);
    left = frame->data[at];
  }
  coded->size = (uint32_t)frame->size;
  return MP_OK;
}

/* Widens 8-bit samples to 10 bits, each in two bytes. */
static void widen(const mp_frame *from, mp_frame *to) {
  for (size_t at = 0; at < from->size; at++) {
    uint16_t sample = (uint16_t)(from->data[at] << 2 | from->data[at] >> 6);
    to->data[2 * at] = (uint8_t)(sample >> 8);
    to->data[2 * at + 1] = (uint8_t)sample;
  }
}

/* Packs four 10-bit samples into five bytes. */
static uint32_t pack10(const mp_frame *deep, uint8_t *to) {
  uint8_t *begin = to;
  for (size_t at = 0; at + 8 <= deep->size; at += 8) {
    uint64_t bits = 0;
    for (size_t sample = 0; sample < 4; sample++) {
      const uint8_t *bytes = deep->data + at + 2 * sample;
      bits = bits << 10 | (uint64_t)(bytes[0] << 8 | bytes[1]);
    }
    for (int shift = 32; shift >= 0; shift -= 8) {
      *to++ = (uint8_t)(bits >> shift);
    }
  }
  return (uint32_t)(to - begin);
}

/* 10 bits, as mezzanines are. */
static mp_status encode_h265(const mp_frame *frame, mp_packet *coded, mp_error *error) {
  if (frame->size / 4 * 5 > sizeof coded->data) {
    return mp_fail(error, MP_E_UNSUPPORTED, "picture of %zu bytes", frame->size);
  }
  mp_frame *deep = mp_frame_new(frame->width, frame->height, 10);
  if (!deep) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a picture of 10 bits");
  }
  widen(frame, deep);
  coded->size = pack10(deep, coded->data);
  /* Planted leak "mez-frame": `deep` is not freed. Pictures of the pool are given back by who
   * took them; this one never came from there, and nobody noticed. */
  return MP_OK;
}

static const mp_codec builtin[] = {
    {.fourcc = MP_CODEC_H264, .bit_depth = 8, .encode = encode_h264},
    {.fourcc = MP_CODEC_H265, .bit_depth = 10, .encode = encode_h265},
};

/* Kept for the life of the process: memory that is still reachable is no leak. */
static mp_codec *registered;
static pthread_once_t registration = PTHREAD_ONCE_INIT;

static void register_builtin(void) {
  for (size_t at = 0; at < sizeof builtin / sizeof builtin[0]; at++) {
    mp_codec *codec = malloc(sizeof *codec);
    if (!codec) {
      return; /* the codec will not be found, which callers handle */
    }
    *codec = builtin[at];
    codec->next = registered;
    registered = codec;
  }
}

const mp_codec *mp_codec_find(uint32_t fourcc) {
  pthread_once(&registration, register_builtin);
  const mp_codec *codec = registered;
  while (codec && codec->fourcc != fourcc) {
    codec = codec->next;
  }
  return codec;
}
