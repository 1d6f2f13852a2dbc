/* From the items before BODY to a context. */
#ifndef MP_HEADER_H
#define MP_HEADER_H

#include "context.h"

/* A header item is at most this long. */
#define MP_HEADER_VALUE_MAX 8192

/* Reads the header of the file at `fd`, leaving the file's position at the first packet.
 * `scratch` has MP_HEADER_VALUE_MAX bytes. On success the caller owns `*out`; on failure it is
 * not touched. */
mp_status mp_header_read(int fd, const char *path, uint8_t *scratch, mp_context **out,
                         mp_error *error);

/* Writes HEADER, a STREAM for each of `streams` and BODY. Codec configuration is not carried
 * over: it belongs to the encoder that wrote the packets. */
mp_status mp_header_write(int fd, const mp_stream_info *streams, uint32_t count, uint32_t timebase,
                          mp_error *error);

/* Writes the duration, known only at the end, into a header that was written before. */
mp_status mp_header_set_duration(int fd, uint64_t duration, mp_error *error);

#endif
