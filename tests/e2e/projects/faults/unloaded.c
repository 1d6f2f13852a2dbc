/* Unloads the library that allocated, and loads another one, perhaps at the same place. */
#include "faults.h"

#include <dlfcn.h>

static const char *library, *other;

static void use_and_unload(void) {
  void *handle = dlopen(library, RTLD_NOW);
  must(handle != NULL);
  void (*lose_in_library)(void) = (void (*)(void))dlsym(handle, "lose_in_library");
  must(lose_in_library != NULL);
  lose_in_library();
  must(dlclose(handle) == 0);
}

static void unload(void) { use_and_unload(); }

static void unload_and_load_another(void) {
  use_and_unload();
  must(dlopen(other, RTLD_NOW) != NULL);
}

static const struct corpus_case cases[] = {
    {"unloaded", unload},
    {"replaced", unload_and_load_another},
    {NULL, NULL},
};

int main(int argc, char **argv) {
  lose();
  must(argc == 4);
  library = argv[2];
  other = argv[3];
  return run_case(cases, argc, argv);
}
