#include "codec.h"
#include "film.h"

#include <stdio.h>

/* Decodes up to the first picture of `input`. */
static int first_picture(AVFormatContext *input, AVCodecContext *decoder, int video,
                         AVFrame *frame) {
  AVPacket *packet = av_packet_alloc();
  if (!packet)
    return AVERROR(ENOMEM);
  int error;
  do {
    error = av_read_frame(input, packet);
    if (error == AVERROR_EOF)
      error = avcodec_send_packet(decoder, NULL);
    else if (error >= 0 && packet->stream_index == video)
      error = avcodec_send_packet(decoder, packet);
    av_packet_unref(packet);
    if (error >= 0)
      error = avcodec_receive_frame(decoder, frame);
  } while (error == AVERROR(EAGAIN));
  av_packet_free(&packet);
  return error;
}

static int decode_poster(AVFrame *frame, const char *path) {
  AVFormatContext *input = NULL;
  AVCodecContext *decoder = NULL;
  int error = avformat_open_input(&input, path, NULL, NULL);
  if (error < 0)
    return error;
  error = avformat_find_stream_info(input, NULL);
  int video = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
  if (error >= 0)
    error = video < 0 ? video : film_open_video_decoder(&decoder, input->streams[video]);
  if (error >= 0)
    error = first_picture(input, decoder, video, frame);
  avcodec_free_context(&decoder);
  avformat_close_input(&input);
  return error;
}

static int encode_poster(const AVFrame *frame, AVPacket *packet) {
  AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MJPEG));
  if (!codec)
    return AVERROR(ENOMEM);
  codec->width = frame->width;
  codec->height = frame->height;
  codec->time_base = (AVRational){1, 25};
  codec->color_range = AVCOL_RANGE_JPEG;
  codec->pix_fmt = AV_PIX_FMT_YUVJ420P;
  int error = avcodec_open2(codec, NULL, NULL);
  if (error >= 0)
    error = avcodec_send_frame(codec, frame);
  if (error >= 0)
    error = avcodec_send_frame(codec, NULL);
  if (error >= 0)
    error = avcodec_receive_packet(codec, packet);
  avcodec_free_context(&codec);
  return error;
}

/* Forgets the picture when the file cannot be made (planted: frame). */
int film_poster(const char *input, const char *output) {
  AVFrame *frame = av_frame_alloc();
  if (!frame)
    return AVERROR(ENOMEM);
  int error = decode_poster(frame, input);
  if (error < 0) {
    av_frame_free(&frame);
    return error;
  }
  FILE *file = fopen(output, "wb");
  if (!file)
    return AVERROR(errno);
  AVPacket *packet = av_packet_alloc();
  error = encode_poster(frame, packet);
  if (error >= 0 && fwrite(packet->data, 1, (size_t)packet->size, file) != (size_t)packet->size)
    error = AVERROR(EIO);
  fclose(file);
  av_packet_free(&packet);
  av_frame_free(&frame);
  return error;
}
