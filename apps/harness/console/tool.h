#pragma once
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace melgrad {

/// A program's main: parses, works, and says what went wrong on stderr, after the program's name. With
/// --profile FILE, which every program has, the work is watched.
/// While `work` runs, Ctrl-C and SIGTERM set interrupted(), and a file that grows too large is an
/// error of the write. Returns the exit code: what `work` does, else 1 after an error, 2 after wrong
/// use, 130 where work threw Interrupted.
int run_tool(CLI::App& app, int argc, char** argv, const std::function<int()>& work);

/// For CLI11's check(): empty, or what is wrong with the text. Infinity and NaN are no numbers.
std::string is_positive(const std::string& text);
std::string is_not_negative(const std::string& text);

}  // namespace melgrad
