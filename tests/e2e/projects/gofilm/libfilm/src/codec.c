#include "codec.h"

static const AVRational SAMPLE = {1, 8000};

int film_open_video_decoder(AVCodecContext **out, const AVStream *stream) {
  const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
  if (!codec)
    return AVERROR_DECODER_NOT_FOUND;
  AVCodecContext *context = avcodec_alloc_context3(codec);
  if (!context)
    return AVERROR(ENOMEM);
  int error = avcodec_parameters_to_context(context, stream->codecpar);
  context->thread_count = 2;
  if (error >= 0)
    error = avcodec_open2(context, codec, NULL);
  if (error < 0)
    avcodec_free_context(&context);
  *out = context;
  return error;
}

static int allocate(film_encoder *encoder, const AVCodec *codec) {
  if (!codec)
    return AVERROR_ENCODER_NOT_FOUND;
  encoder->codec = avcodec_alloc_context3(codec);
  return encoder->codec ? 0 : AVERROR(ENOMEM);
}

static int open_encoder(film_encoder *encoder, AVFormatContext *output, const AVCodec *codec) {
  if (output->oformat->flags & AVFMT_GLOBALHEADER)
    encoder->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  int error = avcodec_open2(encoder->codec, codec, NULL);
  if (error < 0)
    return error;
  encoder->stream = avformat_new_stream(output, NULL);
  if (!encoder->stream)
    return AVERROR(ENOMEM);
  encoder->stream->time_base = encoder->codec->time_base;
  return avcodec_parameters_from_context(encoder->stream->codecpar, encoder->codec);
}

int film_add_video_encoder(film_encoder *encoder, AVFormatContext *output, const char *name,
                           int width, int height, AVRational time_base) {
  const AVCodec *codec = avcodec_find_encoder_by_name(name);
  int error = allocate(encoder, codec);
  if (error < 0)
    return error;
  AVCodecContext *context = encoder->codec;
  context->width = width;
  context->height = height;
  context->time_base = time_base;
  context->thread_count = 2;
  context->color_range = AVCOL_RANGE_JPEG;
  context->pix_fmt = codec->id == AV_CODEC_ID_MJPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  return open_encoder(encoder, output, codec);
}

int film_add_audio_encoder(film_encoder *encoder, AVFormatContext *output) {
  const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_PCM_S16LE);
  int error = allocate(encoder, codec);
  if (error < 0)
    return error;
  AVCodecContext *context = encoder->codec;
  context->sample_fmt = AV_SAMPLE_FMT_S16;
  context->sample_rate = SAMPLE.den;
  context->time_base = SAMPLE;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(59, 24, 100)
  av_channel_layout_default(&context->ch_layout, 1);
#else
  context->channels = 1;
  context->channel_layout = AV_CH_LAYOUT_MONO;
#endif
  return open_encoder(encoder, output, codec);
}

int film_encode(film_encoder *encoder, AVFormatContext *output, const AVFrame *frame) {
  AVPacket *packet = av_packet_alloc();
  if (!packet)
    return AVERROR(ENOMEM);
  int error = avcodec_send_frame(encoder->codec, frame);
  while (error >= 0 && (error = avcodec_receive_packet(encoder->codec, packet)) >= 0) {
    av_packet_rescale_ts(packet, encoder->codec->time_base, encoder->stream->time_base);
    packet->stream_index = encoder->stream->index;
    error = av_interleaved_write_frame(output, packet);
  }
  av_packet_free(&packet);
  return error == AVERROR(EAGAIN) || error == AVERROR_EOF ? 0 : error;
}

int film_create(AVFormatContext **out, const char *path) {
  int error = avformat_alloc_output_context2(out, NULL, NULL, path);
  if (error >= 0)
    error = avio_open(&(*out)->pb, path, AVIO_FLAG_WRITE);
  if (error < 0) {
    avformat_free_context(*out);
    *out = NULL;
  }
  return error;
}

int film_finish(AVFormatContext **output, int error) {
  if (error >= 0)
    error = av_write_trailer(*output);
  avio_closep(&(*output)->pb);
  avformat_free_context(*output);
  *output = NULL;
  return error;
}

AVFrame *film_picture(int width, int height, enum AVPixelFormat format) {
  AVFrame *frame = av_frame_alloc();
  if (!frame)
    return NULL;
  frame->width = width;
  frame->height = height;
  frame->format = format;
  if (av_frame_get_buffer(frame, 0) < 0)
    av_frame_free(&frame);
  return frame;
}
