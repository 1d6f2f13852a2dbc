/* The container's atoms: key, length, value, as in MXF (SMPTE ST 336).
 *
 *   key     16 bytes: 12 fixed ones, then item type, stream, flags, version (1)
 *   length  4 bytes:  BER long form, 0x83 and three bytes of length
 *   value   `length` bytes, integers big endian
 *
 * A file is HEADER, STREAM..., TAG..., BODY (empty; ends the header), PACKET..., FOOTER.
 * Items of unknown type are skipped, as MXF asks of its readers ("dark metadata").
 */
#ifndef MP_KLV_H
#define MP_KLV_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define MP_KLV_HEAD_SIZE 20
#define MP_KLV_LENGTH_MAX 0xffffffu

enum mp_item_type {
  MP_ITEM_HEADER = 0x01,
  MP_ITEM_STREAM = 0x02,
  MP_ITEM_TAG = 0x03,
  MP_ITEM_BODY = 0x0f,
  MP_ITEM_PACKET = 0x10,
  MP_ITEM_FOOTER = 0x20,
};

enum mp_item_flags { MP_FLAG_KEYFRAME = 0x01 };

typedef struct mp_item {
  uint8_t type; /* enum mp_item_type, or unknown */
  uint8_t stream;
  uint8_t flags;
  uint32_t length; /* of the value, in bytes */
} mp_item;

/* Reads the key and length at the file's position; MP_EOF when the file ends right there. */
mp_status mp_klv_read(int fd, mp_item *item, mp_error *error);

/* Reads exactly `size` bytes of the value that follows. */
mp_status mp_klv_read_value(int fd, void *value, size_t size, mp_error *error);

/* Steps over a value nobody asked for. */
mp_status mp_klv_skip(int fd, const mp_item *item, mp_error *error);

/* Writes a whole item: key, length and `item->length` bytes of `value`. */
mp_status mp_klv_write(int fd, const mp_item *item, const void *value, mp_error *error);

static inline uint16_t mp_get16(const uint8_t *from) { return (uint16_t)(from[0] << 8 | from[1]); }

static inline uint32_t mp_get32(const uint8_t *from) {
  return (uint32_t)mp_get16(from) << 16 | mp_get16(from + 2);
}

static inline uint64_t mp_get64(const uint8_t *from) {
  return (uint64_t)mp_get32(from) << 32 | mp_get32(from + 4);
}

static inline void mp_put16(uint8_t *to, uint16_t value) {
  to[0] = (uint8_t)(value >> 8);
  to[1] = (uint8_t)value;
}

static inline void mp_put32(uint8_t *to, uint32_t value) {
  mp_put16(to, (uint16_t)(value >> 16));
  mp_put16(to + 2, (uint16_t)value);
}

static inline void mp_put64(uint8_t *to, uint64_t value) {
  mp_put32(to, (uint32_t)(value >> 32));
  mp_put32(to + 4, (uint32_t)value);
}

#endif
