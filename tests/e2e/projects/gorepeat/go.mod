module example.com/gorepeat

go 1.21
