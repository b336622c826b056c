#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace melgrad {

/// Rows of fields (RFC 4180): fields in quotes may hold commas, line breaks and doubled quotes.
/// A byte-order mark is dropped, lines may end in \r\n, empty lines are passed over. Throws Error
/// that names the row where quotes do not close.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);
std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path);

/// Where a name stands in a heading; throws Error that lists what is there.
std::size_t column(const std::vector<std::string>& heading, std::string_view name);

}  // namespace melgrad
