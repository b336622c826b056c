#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace melgrad {

/// The bytes of a text without a byte order mark. Throws Error on UTF-16 and on what is no text.
std::string_view plain_text(std::string_view bytes);

/// Rows of fields (RFC 4180): fields in quotes may hold commas, line breaks and doubled quotes.
/// Lines may end in \r\n, empty ones are passed over. Throws Error where plain_text() does, and
/// one that names the row where quotes do not close.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);
std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path);

/// Where a name stands in a heading; throws Error that lists what is there.
std::size_t column(const std::vector<std::string>& heading, std::string_view name);

}  // namespace melgrad
