module example.com/supervise

go 1.21
