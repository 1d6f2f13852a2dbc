// Command gothreads ends while threads are being started.
package main

// static int one(void) { return 1; }
import "C"
import "runtime"

func main() {
	C.one()
	runtime.GOMAXPROCS(16)
	for i := 0; i < 100; i++ {
		go func() {
			runtime.LockOSThread()
			select {}
		}()
	}
}
