#include "film.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>

enum { BUFFER_BYTES = 4096 };

static void describe(const AVFormatContext *input, const AVCodecParameters *video,
                     film_info *info) {
  info->streams = (int)input->nb_streams;
  info->width = video->width;
  info->height = video->height;
  info->duration_us = input->duration;
  av_strlcpy(info->video_codec, avcodec_get_name(video->codec_id), sizeof info->video_codec);
}

/* Reads what the streams are; closes `input` unless there is no video (planted: context). */
static int examine(AVFormatContext *input, film_info *info) {
  int error = avformat_find_stream_info(input, NULL);
  if (error >= 0)
    error = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
  if (error == AVERROR_STREAM_NOT_FOUND)
    return error;
  if (error >= 0)
    describe(input, input->streams[error]->codecpar, info);
  avformat_close_input(&input);
  return error < 0 ? error : 0;
}

int film_probe(const char *path, film_info *info) {
  AVFormatContext *input = NULL;
  int error = avformat_open_input(&input, path, NULL, NULL);
  return error < 0 ? error : examine(input, info);
}

int film_probe_source(const film_source *source, film_info *info) {
  AVFormatContext *input = avformat_alloc_context();
  uint8_t *buffer = av_malloc(BUFFER_BYTES);
  if (!input || !buffer) {
    avformat_free_context(input);
    av_free(buffer);
    return AVERROR(ENOMEM);
  }
  AVIOContext *io = avio_alloc_context(buffer, BUFFER_BYTES, 0, source->opaque, source->read, NULL,
                                       source->seek);
  input->pb = io;
  int error = avformat_open_input(&input, NULL, NULL, NULL);
  if (error >= 0)
    error = examine(input, info);
  av_freep(&io->buffer);
  avio_context_free(&io);
  return error;
}
