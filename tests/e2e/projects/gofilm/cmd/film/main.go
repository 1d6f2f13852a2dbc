// Command film tells what a film is, or makes another one of it:
//
//	film probe FILE
//	film transcode FILE OUTPUT ENCODER
package main

import (
	"fmt"
	"os"

	"example.com/gofilm"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "film:", err)
		os.Exit(1)
	}
}

func run(words []string) error {
	switch {
	case len(words) == 2 && words[0] == "probe":
		info, err := gofilm.Probe(words[1])
		fmt.Printf("%+v\n", info)
		return err
	case len(words) == 4 && words[0] == "transcode":
		packets, err := gofilm.Transcode(words[1], words[2], words[3])
		fmt.Println(packets, "packets")
		return err
	}
	return fmt.Errorf("usage: film probe FILE | film transcode FILE OUTPUT ENCODER")
}
