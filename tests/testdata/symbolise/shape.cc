// A method of a template: its name is mangled.
namespace media {
template <class T> struct Box {
  T *value;
  __attribute__((noinline)) void fill(T *with) { value = with; }
};
template struct Box<int>;
}  // namespace media
