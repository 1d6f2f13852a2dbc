module example.com/mediaprobe

go 1.21
