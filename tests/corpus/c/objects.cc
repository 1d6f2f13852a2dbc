// Leaks of C++ objects.
#include "corpus.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Sample {
  double values[8] = {};
};

struct Record {
  std::string name = std::string(99, 'n'); // longer than what fits into the object
  std::vector<int> numbers = std::vector<int>(50);
};

struct alignas(64) Wide {
  char bytes[192] = {};
};

struct Peer {
  std::shared_ptr<Peer> other;
  long number = 0;
};

struct Counted {
  ~Counted() { use(this); }
  int number = 0;
};

std::vector<Sample *> samples;
std::map<std::string, Sample *> by_name;
Sample *before_main = new Sample;

void leak_new() { use(new Sample); }
void leak_new_array() { use(new Sample[3]); }
void leak_new_array_with_count() { use(new Counted[5]); }
void leak_nothrow() { use(new (std::nothrow) Sample); }
void leak_aligned_new() { use(new Wide); }
void leak_object_with_members() { use(new Record); }
void leak_container() { use(new std::list<int>{1, 2, 3}); }

void leak_cleared_vector() {
  for (int i = 0; i < 4; i++) {
    samples.push_back(new Sample);
  }
  samples.clear();
  samples.shrink_to_fit();
}

void leak_erased_from_map() {
  by_name["first"] = new Sample;
  by_name["second"] = new Sample;
  by_name.erase("first");
}

void leak_released() { use(std::make_unique<Sample>().release()); }

void leak_shared_cycle() {
  auto first = std::make_shared<Peer>(), second = std::make_shared<Peer>();
  first->other = second;
  second->other = first;
}

void throws_before_delete() {
  auto *sample = new Sample;
  use(sample);
  throw std::runtime_error("before the delete");
}

void leak_when_thrown() {
  try {
    throws_before_delete();
  } catch (const std::exception &error) {
    use(const_cast<char *>(error.what()));
  }
}

void allocate() {
  auto *sample = new Sample;
  sample->values[7] = 1;
  use(sample);
}

void leak_in_thread() { std::thread(allocate).join(); }

void leak_in_function() {
  auto *function = new std::function<double()>;
  Sample large;
  *function = [large] { return large.values[0]; };
  use(function);
}

void leak_before_main() {
  use(before_main);
  before_main = nullptr;
}

const corpus_case cases[] = {
    {"new", leak_new},
    {"new-array", leak_new_array},
    {"new-array-with-count", leak_new_array_with_count},
    {"nothrow", leak_nothrow},
    {"aligned-new", leak_aligned_new},
    {"members", leak_object_with_members},
    {"container", leak_container},
    {"cleared-vector", leak_cleared_vector},
    {"erased-from-map", leak_erased_from_map},
    {"released", leak_released},
    {"shared-cycle", leak_shared_cycle},
    {"thrown", leak_when_thrown},
    {"thread", leak_in_thread},
    {"function", leak_in_function},
    {"before-main", leak_before_main},
    {nullptr, nullptr},
};

} // namespace

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
