/* Probes, transcodes and muxes films by FFmpeg. All functions give 0 or a negative AVERROR. */
#ifndef FILM_H
#define FILM_H

#include <stdint.h>

typedef struct film_info {
  int streams;
  int width, height;
  int64_t duration_us;
  char video_codec[32];
} film_info;

/* Where a film is read from when it is no file. */
typedef struct film_source {
  void *opaque;
  int (*read)(void *opaque, uint8_t *buffer, int size);
  int64_t (*seek)(void *opaque, int64_t offset, int whence);
} film_source;

/* Writes a film of its own: `pictures` of mpeg4, none for 0, and two seconds of pcm. */
int film_make(const char *output, int pictures);

int film_probe(const char *input, film_info *info);
int film_probe_source(const film_source *source, film_info *info);

/* Copies all streams into another container, at most `max_bytes` of them. */
int film_mux(const char *input, const char *output, int64_t max_bytes);

/* Writes the first picture as a JPEG file. */
int film_poster(const char *input, const char *output);

typedef struct film_transcoder film_transcoder;

/* Opens a transcoding of the video by `encoder` at half its size. */
int film_open(film_transcoder **out, const char *input, const char *output, const char *encoder);
/* Goes on by one packet; AVERROR_EOF at the end. */
int film_step(film_transcoder *transcoder);
int film_close(film_transcoder **transcoder);

#endif
