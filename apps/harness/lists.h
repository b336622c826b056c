#pragma once
#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

namespace melgrad {

template <class T>
bool contains(const std::vector<T>& values, const std::type_identity_t<T>& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// "a, b"
std::string joined(const std::vector<std::string>& texts, const std::string& separator = ", ");
/// "jazz, rock and blues"
std::string in_words(const std::vector<std::string>& names);
/// "a, b, c and 5 more": the first few of many names.
std::string first_of(const std::vector<std::string>& names, std::size_t most = 3);

}  // namespace melgrad
