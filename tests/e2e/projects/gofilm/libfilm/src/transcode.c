#include "codec.h"
#include "film.h"

#include <libswscale/swscale.h>
#include <stdlib.h>

struct film_transcoder {
  AVFormatContext *input, *output;
  int video;
  AVCodecContext *decoder;
  film_encoder encoder;
  struct SwsContext *scaler;
  AVPacket *packet;
  AVFrame *frame;
};

static int open_input(film_transcoder *t, const char *path) {
  int error = avformat_open_input(&t->input, path, NULL, NULL);
  if (error >= 0)
    error = avformat_find_stream_info(t->input, NULL);
  if (error >= 0)
    error = t->video = av_find_best_stream(t->input, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
  return error < 0 ? error : film_open_video_decoder(&t->decoder, t->input->streams[t->video]);
}

static int open_output(film_transcoder *t, const char *path, const char *encoder) {
  int width = t->decoder->width, height = t->decoder->height;
  int error = film_create(&t->output, path);
  if (error < 0)
    return error;
  error = film_add_video_encoder(&t->encoder, t->output, encoder, width / 2, height / 2,
                                 t->input->streams[t->video]->time_base);
  if (error < 0)
    return error;
  t->scaler = sws_getContext(width, height, t->decoder->pix_fmt, width / 2, height / 2,
                             t->encoder.codec->pix_fmt, SWS_BILINEAR, NULL, NULL, NULL);
  t->packet = av_packet_alloc();
  t->frame = av_frame_alloc();
  if (!t->scaler || !t->packet || !t->frame)
    return AVERROR(ENOMEM);
  return avformat_write_header(t->output, NULL);
}

static void release(film_transcoder *t) {
  av_frame_free(&t->frame);
  av_packet_free(&t->packet);
  sws_freeContext(t->scaler);
  avcodec_free_context(&t->encoder.codec);
  avcodec_free_context(&t->decoder);
  avformat_close_input(&t->input);
}

int film_open(film_transcoder **out, const char *input, const char *output, const char *encoder) {
  film_transcoder *t = calloc(1, sizeof *t);
  if (!t)
    return AVERROR(ENOMEM);
  int error = open_input(t, input);
  if (error >= 0)
    error = open_output(t, output, encoder);
  if (error >= 0) {
    *out = t;
    return 0;
  }
  if (t->output)
    film_finish(&t->output, error);
  release(t);
  return error; /* planted: transcoder */
}

static int encode_scaled(film_transcoder *t) {
  AVCodecContext *codec = t->encoder.codec;
  AVFrame *small = film_picture(codec->width, codec->height, codec->pix_fmt);
  if (!small)
    return AVERROR(ENOMEM);
  sws_scale(t->scaler, (const uint8_t *const *)t->frame->data, t->frame->linesize, 0,
            t->frame->height, small->data, small->linesize);
  small->pts = t->frame->best_effort_timestamp;
  int error = film_encode(&t->encoder, t->output, small);
  av_frame_free(&small);
  return error;
}

/* Decodes a packet, or for NULL what the decoder still holds. */
static int decode(film_transcoder *t, const AVPacket *packet) {
  int error = avcodec_send_packet(t->decoder, packet);
  while (error >= 0 && (error = avcodec_receive_frame(t->decoder, t->frame)) >= 0)
    error = encode_scaled(t);
  return error == AVERROR(EAGAIN) || error == AVERROR_EOF ? 0 : error;
}

int film_step(film_transcoder *t) {
  int error = av_read_frame(t->input, t->packet);
  if (error == AVERROR_EOF) {
    error = decode(t, NULL);
    if (error >= 0)
      error = film_encode(&t->encoder, t->output, NULL);
    return error < 0 ? error : AVERROR_EOF;
  }
  if (error >= 0 && t->packet->stream_index == t->video)
    error = decode(t, t->packet);
  av_packet_unref(t->packet);
  return error;
}

int film_close(film_transcoder **transcoder) {
  film_transcoder *t = *transcoder;
  int error = film_finish(&t->output, 0);
  release(t);
  free(t);
  *transcoder = NULL;
  return error;
}
