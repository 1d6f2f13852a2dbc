/* Toy encoders for pictures. They carry the names of real codecs so that tests read like those of
 * a real library; what they do to the samples is packing, nothing more. */
#ifndef MP_CODEC_H
#define MP_CODEC_H

#include "demux.h"
#include "frame.h"

#define MP_CODEC_RAW MP_FOURCC('I', '4', '2', '0')
#define MP_CODEC_H264 MP_FOURCC('a', 'v', 'c', '1')
#define MP_CODEC_H265 MP_FOURCC('h', 'e', 'v', 'c')
#define MP_CODEC_AAC MP_FOURCC('m', 'p', '4', 'a')
#define MP_CODEC_AC3 MP_FOURCC('a', 'c', '-', '3')

typedef struct mp_codec {
  struct mp_codec *next;
  uint32_t fourcc;
  uint8_t bit_depth; /* of the samples it writes */
  /* Fills in `coded->data` and `coded->size`. */
  mp_status (*encode)(const mp_frame *frame, mp_packet *coded, mp_error *error);
} mp_codec;

/* The encoder called `fourcc`, or NULL. Encoders are registered at first use and stay. */
const mp_codec *mp_codec_find(uint32_t fourcc);

#endif
