/* A decoder or encoder with its stream. */
#ifndef FILM_CODEC_H
#define FILM_CODEC_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

typedef struct film_encoder {
  AVCodecContext *codec;
  AVStream *stream;
} film_encoder;

int film_open_video_decoder(AVCodecContext **out, const AVStream *stream);
int film_add_video_encoder(film_encoder *encoder, AVFormatContext *output, const char *name,
                           int width, int height, AVRational time_base);
int film_add_audio_encoder(film_encoder *encoder, AVFormatContext *output);
int film_encode(film_encoder *encoder, AVFormatContext *output, const AVFrame *frame);

/* Opens a container for writing, its format by the name of the file. */
int film_create(AVFormatContext **out, const char *path);
/* Closes it; `error` is what went wrong before, and is given back. */
int film_finish(AVFormatContext **output, int error);

AVFrame *film_picture(int width, int height, enum AVPixelFormat format);

#endif
