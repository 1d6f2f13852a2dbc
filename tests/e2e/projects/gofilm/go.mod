module example.com/gofilm

go 1.21
