package mediaprobe

// #include "status.h"
import "C"

import (
	"errors"
	"fmt"
	"syscall"
)

// The kinds of failure. Use [errors.Is] to tell them apart; what the system refused is a
// [syscall.Errno], so errors.Is(err, fs.ErrNotExist) works too.
var (
	ErrClosed      = errors.New("already closed")
	ErrMemory      = errors.New("out of memory")
	ErrFormat      = errors.New("malformed file")
	ErrTruncated   = errors.New("truncated file")
	ErrUnsupported = errors.New("not supported")
	ErrNotFound    = errors.New("not found")
)

// Error is a failure of an operation on a file.
type Error struct {
	Op     string // "probe", "read", "mux", "transcode"
	Path   string
	Detail string // what the C library says, for people; may be empty
	Err    error  // one of the kinds above, or a syscall.Errno
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err)
	}
	return fmt.Sprintf("%s %s: %s: %v", e.Op, e.Path, e.Detail, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// newError translates what the C library left in failure.
func newError(op, path string, failure *C.mp_error) *Error {
	return &Error{Op: op, Path: path, Detail: C.GoString(&failure.text[0]), Err: kind(failure)}
}

func kind(failure *C.mp_error) error {
	switch failure.status {
	case C.MP_E_IO:
		return syscall.Errno(failure.system_errno)
	case C.MP_E_MEMORY:
		return ErrMemory
	case C.MP_E_FORMAT:
		return ErrFormat
	case C.MP_E_TRUNCATED:
		return ErrTruncated
	case C.MP_E_UNSUPPORTED:
		return ErrUnsupported
	case C.MP_E_NOT_FOUND:
		return ErrNotFound
	default:
		return fmt.Errorf("status %d", int(failure.status))
	}
}
