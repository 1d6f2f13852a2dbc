// Package mediaprobe describes, reads, writes and transcodes media files of a toy format.
//
// The work is done by a C library in this directory; Go adds types, errors and cancellation.
// The format is built like MXF from key-length-value items (klv.h), the codecs carry the names
// of real ones and only pack samples (codec.h). There is no dependency outside libc.
//
// The package is the bundled example of a leak checker. It is meant to look like code one meets,
// mistakes included: planted.json lists the four places where native memory is lost, and
// README.md explains them. Everything else frees what it allocates or keeps it on purpose.
package mediaprobe

// #cgo CFLAGS: -std=gnu11 -Wall -Wextra -fno-omit-frame-pointer
// #cgo LDFLAGS: -pthread
import "C"
