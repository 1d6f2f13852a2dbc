#include "klv.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { PREFIX_SIZE = 12, VERSION = 1, BER_THREE_BYTES = 0x83 };

static const uint8_t key_prefix[PREFIX_SIZE] = {0x06, 0x0e, 0x2b, 0x34, 'm', 'e',
                                                'd',  'i',  'a',  'p',  'r', 'b'};

/* Reads up to `size` bytes; fewer only at the end of the file. -1 with errno on failure. */
static ssize_t read_fully(int fd, uint8_t *to, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = read(fd, to + done, size - done);
    if (count < 0 && errno == EINTR) { /* Go's runtime uses signals */
      continue;
    }
    if (count < 0) {
      return -1;
    }
    if (count == 0) {
      break;
    }
    done += (size_t)count;
  }
  return (ssize_t)done;
}

static mp_status write_fully(int fd, const uint8_t *from, size_t size, mp_error *error) {
  while (size > 0) {
    ssize_t count = write(fd, from, size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return mp_fail_errno(error, "write");
    }
    from += count;
    size -= (size_t)count;
  }
  return MP_OK;
}

mp_status mp_klv_read(int fd, mp_item *item, mp_error *error) {
  uint8_t head[MP_KLV_HEAD_SIZE];
  ssize_t count = read_fully(fd, head, sizeof head);
  if (count < 0) {
    return mp_fail_errno(error, "read");
  }
  if (count == 0) {
    return MP_EOF;
  }
  if (count >= PREFIX_SIZE && memcmp(head, key_prefix, PREFIX_SIZE) != 0) {
    return mp_fail(error, MP_E_FORMAT, "not a key of this format");
  }
  if (count < MP_KLV_HEAD_SIZE) {
    return mp_fail(error, MP_E_TRUNCATED, "the file ends inside a key");
  }
  if (head[15] != VERSION || head[16] != BER_THREE_BYTES) {
    return mp_fail(error, MP_E_UNSUPPORTED, "version %d, length form 0x%02x", head[15], head[16]);
  }
  *item = (mp_item){.type = head[12],
                    .stream = head[13],
                    .flags = head[14],
                    .length = mp_get32(head + 16) & MP_KLV_LENGTH_MAX};
  return MP_OK;
}

mp_status mp_klv_read_value(int fd, void *value, size_t size, mp_error *error) {
  ssize_t count = read_fully(fd, value, size);
  if (count < 0) {
    return mp_fail_errno(error, "read");
  }
  if ((size_t)count < size) {
    return mp_fail(error, MP_E_TRUNCATED, "the file ends %zu bytes into a value of %zu",
                   (size_t)count, size);
  }
  return MP_OK;
}

mp_status mp_klv_skip(int fd, const mp_item *item, mp_error *error) {
  if (lseek(fd, (off_t)item->length, SEEK_CUR) < 0) {
    return mp_fail_errno(error, "seek");
  }
  return MP_OK;
}

mp_status mp_klv_write(int fd, const mp_item *item, const void *value, mp_error *error) {
  uint8_t head[MP_KLV_HEAD_SIZE];
  memcpy(head, key_prefix, PREFIX_SIZE);
  head[12] = item->type;
  head[13] = item->stream;
  head[14] = item->flags;
  head[15] = VERSION;
  mp_put32(head + 16, item->length); /* its top byte is free: the length has 24 bits */
  head[16] = BER_THREE_BYTES;
  mp_status status = write_fully(fd, head, sizeof head, error);
  return status == MP_OK ? write_fully(fd, value, item->length, error) : status;
}
