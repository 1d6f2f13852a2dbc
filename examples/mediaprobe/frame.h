/* Decoded pictures, planar 4:2:0, and the pool that recycles them. */
#ifndef MP_FRAME_H
#define MP_FRAME_H

#include <stddef.h>
#include <stdint.h>

typedef struct mp_frame {
  struct mp_frame *next; /* in the pool's list; NULL while in use */
  uint8_t *data; /* luma, then both chroma planes; 10 bits take two bytes each */
  size_t size; /* bytes of `data` */
  uint64_t pts; /* in ticks */
  uint32_t width; /* pixels */
  uint32_t height;
  uint32_t bit_depth; /* 8 or 10 */
} mp_frame;

/* planted.json states this size. */
_Static_assert(sizeof(void *) != 8 || sizeof(mp_frame) == 48, "mp_frame");

typedef struct mp_pool_stats {
  uint64_t allocated; /* frames made because none was idle */
  uint64_t reused;
  uint32_t idle; /* frames in the pool now */
} mp_pool_stats;

/* Bytes of a picture's samples. */
size_t mp_frame_size(uint32_t width, uint32_t height, uint32_t bit_depth);

/* A picture of undefined content; NULL without memory. */
mp_frame *mp_frame_new(uint32_t width, uint32_t height, uint32_t bit_depth);

/* Frees a picture; NULL is fine. */
void mp_frame_free(mp_frame *frame);

/* A picture from the pool, or a new one. The pool belongs to the process, keeps at most
 * MP_POOL_IDLE_MAX pictures until it ends, and is safe for use by several threads. */
mp_frame *mp_pool_get(uint32_t width, uint32_t height, uint32_t bit_depth);

#define MP_POOL_IDLE_MAX 8

/* Gives a picture back; NULL is fine. */
void mp_pool_put(mp_frame *frame);

mp_pool_stats mp_pool_get_stats(void);

#endif
