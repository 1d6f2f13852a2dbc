// Package hanging waits in C, for ever.
package hanging

// #include <unistd.h>
import "C"

// Wait does not return.
func Wait() {
	for {
		C.sleep(1)
	}
}
