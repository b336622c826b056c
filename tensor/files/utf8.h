#pragma once
#include <string_view>

namespace melgrad {

/// Length of the UTF-8 sequence that starts at text[i]; 0 if there is none (RFC 3629: nothing
/// longer than needed, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text, std::size_t i);
/// Whether all of it is.
bool is_utf8(std::string_view text);

}  // namespace melgrad
