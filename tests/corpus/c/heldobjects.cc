// C++ objects that are still held when the program ends.
#include "corpus.h"

#include <deque>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

struct Sample {
  double values[8] = {};
};

struct Counted {
  ~Counted() { use(this); }
  int number = 0;
};

struct First {
  virtual ~First() = default;
  long first = 1;
};

struct Second {
  virtual ~Second() = default;
  long second = 2;
};

struct Both : First, Second {};

std::vector<std::unique_ptr<Sample>> vector_of_owners;
std::vector<Sample *> vector_of_pointers;
std::map<std::string, std::vector<int>> ordered;
std::unordered_map<int, std::string> unordered;
std::list<std::string> list;
std::deque<Sample *> deque;
std::unique_ptr<Sample> owner;
std::shared_ptr<Sample> shared;
std::string text;
std::function<double()> function;
std::ostringstream stream;
Counted *counted;
Second *base;
thread_local std::vector<std::string> of_this_thread;

std::string long_text(int number) { return "longer than what fits " + std::to_string(number); }

void keep_vector_of_owners() {
  for (int i = 0; i < 20; i++) {
    vector_of_owners.push_back(std::make_unique<Sample>());
  }
}

void keep_vector_of_pointers() {
  for (int i = 0; i < 20; i++) {
    vector_of_pointers.push_back(new Sample);
  }
}

void keep_map() {
  for (int i = 0; i < 100; i++) {
    ordered[long_text(i)] = std::vector<int>(10);
  }
}

void keep_unordered_map() {
  for (int i = 0; i < 100; i++) {
    unordered[i] = long_text(i);
  }
}

void keep_list() {
  for (int i = 0; i < 20; i++) {
    list.push_back(long_text(i));
  }
}

void keep_deque() {
  for (int i = 0; i < 500; i++) {
    deque.push_back(new Sample);
  }
}

void keep_owner() { owner = std::make_unique<Sample>(); }
void keep_text() { text = long_text(1); }

// The control block holds the object: make_shared's pointer points into the middle.
void keep_shared() { shared = std::make_shared<Sample>(); }

void keep_function() {
  Sample large;
  function = [large] { return large.values[0]; };
}

void keep_stream() { stream << long_text(2); }

Sample &instance() {
  static Sample *only = new Sample;
  return *only;
}

void keep_singleton() { use(&instance()); }

// The pointer points behind the count of elements, which delete[] needs.
void keep_array_with_count() {
  counted = new Counted[5];
  use(&counted);
}

// The pointer points to the second base, in the middle of the object.
void keep_second_base() {
  base = new Both;
  use(&base);
}

void keep_thread_local() { of_this_thread.push_back(long_text(3)); }

void hold(const std::shared_ptr<std::promise<void>> &ready) {
  of_this_thread.push_back(long_text(4));
  auto mine = std::make_unique<Sample>();
  ready->set_value();
  for (;;) {
    pause();
    mine->values[0]++;
  }
}

void keep_in_thread() {
  auto ready = std::make_shared<std::promise<void>>();
  std::thread(hold, ready).detach();
  ready->get_future().wait();
}

const corpus_case cases[] = {
    {"vector-of-owners", keep_vector_of_owners},
    {"vector-of-pointers", keep_vector_of_pointers},
    {"map", keep_map},
    {"unordered-map", keep_unordered_map},
    {"list", keep_list},
    {"deque", keep_deque},
    {"unique-ptr", keep_owner},
    {"shared-ptr", keep_shared},
    {"string", keep_text},
    {"function", keep_function},
    {"stream", keep_stream},
    {"singleton", keep_singleton},
    {"array-with-count", keep_array_with_count},
    {"second-base", keep_second_base},
    {"thread-local", keep_thread_local},
    {"thread", keep_in_thread},
    {nullptr, nullptr},
};

} // namespace

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
