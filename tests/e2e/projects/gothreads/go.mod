module example.com/gothreads

go 1.21
