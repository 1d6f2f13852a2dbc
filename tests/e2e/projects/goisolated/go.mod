module example.com/goisolated

go 1.21
