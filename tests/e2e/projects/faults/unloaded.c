/* Unloads the library that allocated, and loads another one, perhaps at the same place. */
#include "faults.h"

#include <dlfcn.h>

static const char *library, *other;

static void *call(const char *path, const char *name) {
  void *handle = dlopen(path, RTLD_NOW);
  must(handle != NULL);
  void (*function)(void) = (void (*)(void))dlsym(handle, name);
  must(function != NULL);
  function();
  return handle;
}

static void unload(void *handle) { must(dlclose(handle) == 0); }

static void lose_and_unload(void) { unload(call(library, "lose_in_library")); }
static void hold(void) { call(library, "hold_in_library"); }
static void hold_and_unload(void) { unload(call(library, "hold_in_library")); }

static void load_another(void) {
  lose_and_unload();
  unload(call(other, "lose_elsewhere"));
  lose_and_unload();
  must(dlopen(other, RTLD_NOW) != NULL);
}

static const struct corpus_case cases[] = {
    {"unloaded", lose_and_unload},
    {"replaced", load_another},
    {"held", hold},
    {"held-and-unloaded", hold_and_unload},
    {NULL, NULL},
};

int main(int argc, char **argv) {
  lose();
  must(argc == 4);
  library = argv[2];
  other = argv[3];
  return run_case(cases, argc, argv);
}
