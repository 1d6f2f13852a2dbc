#include <film.h>
#include <stdint.h>

/* Probes what the Go reader with this handle reads. */
int probe_go(uintptr_t reader, film_info *info);
