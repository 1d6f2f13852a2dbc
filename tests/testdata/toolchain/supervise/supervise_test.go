package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPasses(t *testing.T) { t.Log("fine") }

func waitsForNobody(c chan int) { <-c }

func TestHangsInGo(t *testing.T) {
	go waitsForNobody(make(chan int))
	time.Sleep(time.Hour)
}

func TestHangsInC(t *testing.T) { HangInC() }

func TestSpinsInC(t *testing.T) { SpinInC() }

func TestCrashesInC(t *testing.T) { CrashInC() }

func TestPanics(t *testing.T) {
	var m map[string]int
	m["x"] = 1
}

// TestLeavesChildren starts one child that holds the output and one in a session of its own.
func TestLeavesChildren(t *testing.T) {
	for _, attributes := range []*syscall.SysProcAttr{nil, {Setpgid: true}, {Setsid: true}} {
		child := exec.Command("sleep", "60")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		child.SysProcAttr = attributes
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("child", child.Process.Pid)
	}
}

func TestTalksALot(t *testing.T) {
	line := strings.Repeat("x", 1<<20-1) + "\n"
	for i := 0; i < 300; i++ {
		fmt.Print(line)
	}
	fmt.Println("the end")
}
