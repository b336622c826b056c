#pragma once
#include <string_view>

namespace melgrad {

/// So many bytes of a file's beginning tell what it is.
inline constexpr std::size_t signature_bytes = 256;

/// What a file is, whatever its name says: "a GIF", "a Python pickle"; empty if that is not known.
/// `beginning`: its first signature_bytes, or all there are.
std::string_view kind_by_signature(std::string_view beginning);

}  // namespace melgrad
