#include "native.h"

#include <string>
#include <vector>

namespace {

struct Sample {
  double values[8] = {};
};

struct Record {
  std::string name = std::string(99, 'n'); // longer than what fits into the object
  std::vector<int> numbers = std::vector<int>(50);
};

} // namespace

void leak_new() { use(new Sample); }

void leak_new_array(size_t count) { use(new Sample[count]); }

void leak_object_with_members() { use(new Record); }
