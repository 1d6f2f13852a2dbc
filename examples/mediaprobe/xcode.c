#include "xcode.h"

#include "codec.h"
#include "sink.h"
#include "worker.h"

#include <stdlib.h>
#include <string.h>

typedef struct lane {
  int is_kept;
  uint8_t output; /* stream number in the output */
  mp_stream_info input;
  const mp_codec *codec; /* video */
  mp_worker *worker; /* audio */
} lane;

struct mp_xcoder {
  mp_demuxer *demuxer;
  mp_sink *sink;
  mp_xcode_summary summary;
  uint32_t lane_count;
  lane lanes[MP_MAX_STREAMS];
};

static mp_status plan_video(lane *plan, uint32_t codec, mp_stream_info *output, mp_error *error) {
  const mp_stream_info *input = &plan->input;
  if (input->codec != MP_CODEC_RAW || input->bit_depth != 8) {
    return mp_fail(error, MP_E_UNSUPPORTED, "video that is not raw with 8 bits");
  }
  plan->codec = mp_codec_find(codec);
  if (!plan->codec) {
    return mp_fail(error, MP_E_UNSUPPORTED, "no encoder for this video codec");
  }
  output->bit_depth = plan->codec->bit_depth;
  return MP_OK;
}

static mp_status plan_audio(const lane *plan, uint32_t codec, mp_error *error) {
  if (codec != MP_CODEC_AAC) {
    return mp_fail(error, MP_E_UNSUPPORTED, "no encoder for this audio codec");
  }
  if (plan->input.bit_depth != 16 || plan->input.channels == 0) {
    return mp_fail(error, MP_E_UNSUPPORTED, "audio that does not have 16 bits");
  }
  return MP_OK;
}

/* Decides what becomes of each stream of the input, and lists those of the output. */
static mp_status plan_lanes(mp_xcoder *xcoder, const mp_xcode_params *params,
                            mp_stream_info *outputs, uint32_t *count, mp_error *error) {
  lane *plan = xcoder->lanes;
  *count = 0;
  for (uint32_t index = 0; mp_demux_stream(xcoder->demuxer, index, &plan->input) == MP_OK;
       index++, plan++) {
    int is_video = plan->input.kind == MP_KIND_VIDEO;
    uint32_t codec = is_video ? params->video_codec : params->audio_codec;
    xcoder->lane_count++;
    if (codec == 0) {
      continue;
    }
    mp_stream_info *output = &outputs[*count];
    *output = plan->input;
    output->codec = codec;
    output->extradata_size = 0;
    mp_status status =
        is_video ? plan_video(plan, codec, output, error) : plan_audio(plan, codec, error);
    if (status != MP_OK) {
      return status;
    }
    plan->is_kept = 1;
    plan->output = (uint8_t)(*count)++;
  }
  return *count > 0 ? MP_OK : mp_fail(error, MP_E_NOT_FOUND, "no stream to transcode");
}

static mp_status start_workers(mp_xcoder *xcoder, mp_error *error) {
  for (lane *at = xcoder->lanes; at < xcoder->lanes + xcoder->lane_count; at++) {
    if (at->is_kept && at->input.kind == MP_KIND_AUDIO) {
      at->worker = mp_worker_start(at->input.channels, xcoder->sink, error);
      if (!at->worker) {
        return error->status;
      }
    }
  }
  return MP_OK;
}

static mp_status prepare(mp_xcoder *xcoder, const char *input, const char *output,
                         const mp_xcode_params *params, mp_error *error) {
  mp_stream_info outputs[MP_MAX_STREAMS];
  uint32_t count;
  xcoder->demuxer = mp_demux_open(input, error);
  if (!xcoder->demuxer) {
    return error->status;
  }
  mp_status status = plan_lanes(xcoder, params, outputs, &count, error);
  if (status != MP_OK) {
    return status;
  }
  xcoder->sink = mp_sink_open(output, outputs, count, mp_demux_timebase(xcoder->demuxer),
                              params->segment_packets, error);
  return xcoder->sink ? start_workers(xcoder, error) : (mp_status)error->status;
}

mp_xcoder *mp_xcode_open(const char *input, const char *output, const mp_xcode_params *params,
                         mp_error *error) {
  mp_xcoder *xcoder = calloc(1, sizeof *xcoder);
  if (!xcoder) {
    mp_fail(error, MP_E_MEMORY, "no memory for a transcoder");
    return NULL;
  }
  if (prepare(xcoder, input, output, params, error) == MP_OK) {
    return xcoder;
  }
  mp_error later; /* the first failure is the one to report */
  mp_xcode_summary unused;
  mp_xcode_finish(xcoder, &unused, &later);
  return NULL;
}

static mp_status fill_frame(mp_frame *frame, const mp_packet *packet, mp_error *error) {
  if (packet->size != frame->size) {
    return mp_fail(error, MP_E_FORMAT, "picture of %u bytes instead of %zu", packet->size,
                   frame->size);
  }
  memcpy(frame->data, packet->data, packet->size);
  frame->pts = packet->pts;
  return MP_OK;
}

static mp_status code_video(const lane *at, const mp_packet *packet, mp_packet *coded,
                            mp_error *error) {
  mp_frame *frame = mp_pool_get(at->input.width, at->input.height, at->input.bit_depth);
  if (!frame) {
    return mp_fail(error, MP_E_MEMORY, "no memory for a picture");
  }
  mp_status status = fill_frame(frame, packet, error);
  if (status == MP_OK) {
    status = at->codec->encode(frame, coded, error);
  }
  mp_pool_put(frame);
  return status;
}

static mp_status transcode_video(mp_xcoder *xcoder, const lane *at, const mp_packet *packet,
                                 mp_error *error) {
  mp_packet coded = {.pts = packet->pts,
                     .duration = packet->duration,
                     .stream = at->output,
                     .is_key = packet->is_key};
  mp_status status = code_video(at, packet, &coded, error);
  if (status == MP_OK) {
    status = mp_sink_write(xcoder->sink, &coded, error);
  }
  if (status == MP_OK) {
    xcoder->summary.video_packets++;
  }
  return status;
}

mp_status mp_xcode_step(mp_xcoder *xcoder, mp_error *error) {
  mp_packet packet;
  mp_status status = mp_demux_next(xcoder->demuxer, &packet, error);
  if (status != MP_OK) {
    return status;
  }
  const lane *at = &xcoder->lanes[packet.stream];
  if (!at->is_kept) {
    return MP_OK;
  }
  if (!at->worker) {
    return transcode_video(xcoder, at, &packet, error);
  }
  packet.stream = at->output;
  xcoder->summary.audio_packets++;
  return mp_worker_submit(at->worker, &packet, error);
}

/* Ends all workers, whatever happens to one of them; reports the first failure. */
static mp_status finish_workers(mp_xcoder *xcoder, mp_error *error) {
  mp_status first = MP_OK;
  for (lane *at = xcoder->lanes; at < xcoder->lanes + xcoder->lane_count; at++) {
    mp_error own;
    mp_status status = mp_worker_finish(at->worker, &own);
    if (status != MP_OK && first == MP_OK) {
      first = status;
      *error = own;
    }
  }
  return first;
}

mp_status mp_xcode_finish(mp_xcoder *xcoder, mp_xcode_summary *summary, mp_error *error) {
  if (!xcoder) {
    return MP_OK;
  }
  mp_status status = finish_workers(xcoder, error);
  *summary = xcoder->summary;
  summary->files = xcoder->sink ? mp_sink_files(xcoder->sink) : 0;
  mp_error later;
  mp_status closed = mp_sink_close(xcoder->sink, status == MP_OK ? error : &later);
  mp_demux_close(xcoder->demuxer);
  free(xcoder);
  return status == MP_OK ? closed : status;
}
