#pragma once
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace melgrad {

/// Everything melgrad refuses is refused with this: "[conv2d] input has 3 channels, ...".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {
/// A tensor by its describe() ("(2, 3) f32"), not its values; a path without quotation marks.
template <class T>
void print(std::ostream& out, const T& value) {
  if constexpr (requires { describe(value); }) {
    out << describe(value);
  } else if constexpr (requires { value.parent_path(); }) {
    out << value.string();
  } else {
    out << value;
  }
}

inline void print_rest(std::ostream& out, std::string_view text) { out << text; }

template <class First, class... Rest>
void print_rest(std::ostream& out, std::string_view text, const First& first, const Rest&... rest) {
  std::size_t hole = text.find("{}");
  if (hole == std::string_view::npos) {
    print(out << text << " ", first);  // more values than holes: keep them, in order
    print_rest(out, "", rest...);
    return;
  }
  print(out << text.substr(0, hole), first);
  print_rest(out, text.substr(hole + 2), rest...);
}
}  // namespace detail

/// Replaces each {} in `text` by the next argument.
template <class... Args>
std::string format(std::string_view text, const Args&... args) {
  std::ostringstream out;
  detail::print_rest(out, text, args...);
  return std::move(out).str();
}

template <class... Args>
[[noreturn]] void fail(std::string_view where, std::string_view text, const Args&... args) {
  throw Error("[" + std::string(where) + "] " + format(text, args...));
}

/// Throws Error "[where] text" unless `ok`. Give the values themselves, not strings made of them: the
/// text is built only when it is needed.
template <class... Args>
void check(bool ok, std::string_view where, std::string_view text, const Args&... args) {
  if (!ok) [[unlikely]]
    fail(where, text, args...);
}

}  // namespace melgrad
