#pragma once
#include <string>
#include <utility>
#include <vector>

namespace melgrad {

/// The name of a row that is there for one of several values of a setting: "cnn2@lr=0.001@batch=32".
struct SweptName {
  std::string base;                                                // "cnn2"
  std::vector<std::pair<std::string, std::string>> settings = {};  // {"lr", "0.001"}, …
};
SweptName parse_swept_name(const std::string& name);

}  // namespace melgrad
