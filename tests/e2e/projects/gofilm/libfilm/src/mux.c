#include "codec.h"
#include "film.h"

static int add_streams(AVFormatContext *output, const AVFormatContext *input) {
  for (unsigned i = 0; i < input->nb_streams; i++) {
    AVStream *stream = avformat_new_stream(output, NULL);
    if (!stream)
      return AVERROR(ENOMEM);
    int error = avcodec_parameters_copy(stream->codecpar, input->streams[i]->codecpar);
    if (error < 0)
      return error;
    stream->codecpar->codec_tag = 0;
    stream->time_base = input->streams[i]->time_base;
  }
  return 0;
}

/* Leaves the packet behind when it is one too many (planted: packet). */
static int copy_packets(AVFormatContext *output, AVFormatContext *input, int64_t max_bytes) {
  AVPacket *packet = av_packet_alloc();
  if (!packet)
    return AVERROR(ENOMEM);
  int error;
  while ((error = av_read_frame(input, packet)) >= 0) {
    max_bytes -= packet->size;
    if (max_bytes < 0)
      return AVERROR(EFBIG);
    int number = packet->stream_index;
    av_packet_rescale_ts(packet, input->streams[number]->time_base,
                         output->streams[number]->time_base);
    packet->pos = -1;
    error = av_interleaved_write_frame(output, packet);
    if (error < 0)
      break;
  }
  av_packet_free(&packet);
  return error == AVERROR_EOF ? 0 : error;
}

int film_mux(const char *from, const char *to, int64_t max_bytes) {
  AVFormatContext *input = NULL, *output = NULL;
  int error = avformat_open_input(&input, from, NULL, NULL);
  if (error < 0)
    return error;
  error = avformat_find_stream_info(input, NULL);
  if (error >= 0)
    error = film_create(&output, to);
  if (error >= 0) {
    error = add_streams(output, input);
    if (error >= 0)
      error = avformat_write_header(output, NULL);
    if (error >= 0)
      error = copy_packets(output, input, max_bytes);
    error = film_finish(&output, error);
  }
  avformat_close_input(&input);
  return error;
}
