#include <stddef.h>

/* Each allocates and forgets; the compiler is kept from seeing that nobody looks. */
void lose_blocks(int count, size_t bytes);
void lose_list(int nodes);
