#include "frame.h"

#include <pthread.h>
#include <stdlib.h>

static struct {
  pthread_mutex_t lock;
  mp_frame *idle;
  mp_pool_stats stats;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

size_t mp_frame_size(uint32_t width, uint32_t height, uint32_t bit_depth) {
  size_t luma = (size_t)width * height;
  return (luma + luma / 2) * (bit_depth > 8 ? 2 : 1);
}

mp_frame *mp_frame_new(uint32_t width, uint32_t height, uint32_t bit_depth) {
  mp_frame *frame = calloc(1, sizeof *frame);
  if (!frame) {
    return NULL;
  }
  frame->size = mp_frame_size(width, height, bit_depth);
  frame->data = malloc(frame->size);
  if (!frame->data) {
    free(frame);
    return NULL;
  }
  frame->width = width;
  frame->height = height;
  frame->bit_depth = bit_depth;
  return frame;
}

void mp_frame_free(mp_frame *frame) {
  if (!frame) {
    return;
  }
  free(frame->data);
  free(frame);
}

static mp_frame *take_idle(uint32_t width, uint32_t height, uint32_t bit_depth) {
  for (mp_frame **at = &pool.idle; *at; at = &(*at)->next) {
    mp_frame *frame = *at;
    if (frame->width == width && frame->height == height && frame->bit_depth == bit_depth) {
      *at = frame->next;
      frame->next = NULL;
      pool.stats.idle--;
      return frame;
    }
  }
  return NULL;
}

mp_frame *mp_pool_get(uint32_t width, uint32_t height, uint32_t bit_depth) {
  pthread_mutex_lock(&pool.lock);
  mp_frame *frame = take_idle(width, height, bit_depth);
  if (frame) {
    pool.stats.reused++;
  } else {
    pool.stats.allocated++;
  }
  pthread_mutex_unlock(&pool.lock);
  return frame ? frame : mp_frame_new(width, height, bit_depth);
}

void mp_pool_put(mp_frame *frame) {
  if (!frame) {
    return;
  }
  pthread_mutex_lock(&pool.lock);
  int keep = pool.stats.idle < MP_POOL_IDLE_MAX;
  if (keep) {
    frame->next = pool.idle;
    pool.idle = frame;
    pool.stats.idle++;
  }
  pthread_mutex_unlock(&pool.lock);
  if (!keep) {
    mp_frame_free(frame);
  }
}

mp_pool_stats mp_pool_get_stats(void) {
  pthread_mutex_lock(&pool.lock);
  mp_pool_stats stats = pool.stats;
  pthread_mutex_unlock(&pool.lock);
  return stats;
}
