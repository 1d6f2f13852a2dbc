/* A library that is loaded at run time and holds blocks. */
#include <stdlib.h>

static char *volatile held;
static __thread char *volatile held_by_thread;

void plugin_keep(size_t bytes);
void plugin_keep_for_thread(size_t bytes);

void plugin_keep(size_t bytes) { held = malloc(bytes); }
void plugin_keep_for_thread(size_t bytes) { held_by_thread = malloc(bytes); }
