#include "codec.h"
#include "film.h"

enum { WIDTH = 160, HEIGHT = 120, RATE = 25, SAMPLES = 16000 };

static void paint(AVFrame *frame, int number) {
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      frame->data[0][y * frame->linesize[0] + x] = (uint8_t)(x + y + number * 3);
  for (int y = 0; y < HEIGHT / 2; y++)
    for (int x = 0; x < WIDTH / 2; x++) {
      frame->data[1][y * frame->linesize[1] + x] = (uint8_t)(128 + y + number);
      frame->data[2][y * frame->linesize[2] + x] = (uint8_t)(64 + x);
    }
}

static int write_video(film_encoder *video, AVFormatContext *output, int pictures) {
  AVFrame *frame = film_picture(WIDTH, HEIGHT, AV_PIX_FMT_YUV420P);
  int error = frame ? 0 : AVERROR(ENOMEM);
  for (int number = 0; error >= 0 && number < pictures; number++) {
    error = av_frame_make_writable(frame);
    if (error < 0)
      break;
    paint(frame, number);
    frame->pts = number;
    error = film_encode(video, output, frame);
  }
  av_frame_free(&frame);
  return error < 0 ? error : film_encode(video, output, NULL);
}

static int write_audio(film_encoder *audio, AVFormatContext *output) {
  AVFrame *frame = av_frame_alloc();
  if (!frame)
    return AVERROR(ENOMEM);
  frame->format = AV_SAMPLE_FMT_S16;
  frame->nb_samples = SAMPLES;
  frame->sample_rate = audio->codec->sample_rate;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(59, 24, 100)
  av_channel_layout_copy(&frame->ch_layout, &audio->codec->ch_layout);
#else
  frame->channel_layout = audio->codec->channel_layout;
#endif
  int error = av_frame_get_buffer(frame, 0);
  if (error >= 0) {
    int16_t *samples = (int16_t *)frame->data[0];
    for (int i = 0; i < SAMPLES; i++)
      samples[i] = (int16_t)(i * 97);
    frame->pts = 0;
    error = film_encode(audio, output, frame);
  }
  av_frame_free(&frame);
  return error < 0 ? error : film_encode(audio, output, NULL);
}

int film_make(const char *path, int pictures) {
  AVFormatContext *output = NULL;
  film_encoder video = {0}, audio = {0};
  int error = film_create(&output, path);
  if (error < 0)
    return error;
  if (pictures > 0)
    error = film_add_video_encoder(&video, output, "mpeg4", WIDTH, HEIGHT, (AVRational){1, RATE});
  if (error >= 0)
    error = film_add_audio_encoder(&audio, output);
  if (error >= 0)
    error = avformat_write_header(output, NULL);
  if (error >= 0 && pictures > 0)
    error = write_video(&video, output, pictures);
  if (error >= 0)
    error = write_audio(&audio, output);
  avcodec_free_context(&video.codec);
  avcodec_free_context(&audio.codec);
  return film_finish(&output, error);
}
