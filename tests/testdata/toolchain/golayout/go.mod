module example.com/golayout

go 1.21
