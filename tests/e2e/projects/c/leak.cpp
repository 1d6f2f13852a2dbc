// Loses a std::string and what it holds.
#include <string>

int main() {
  auto *lost = new std::string(1000, 'x');
  __asm__ volatile("" : : "r"(lost) : "memory");
  lost = nullptr;
  return 0;
}
