#pragma once
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace melgrad {

/// Adds --profile FILE to a program.
void add_profile_option(CLI::App& app, std::string& file);

/// What `work` returns. Unless `file` is empty it is watched (kernels/profile): the trace is in the file
/// afterwards and the costliest calls on the console, also where it threw. Throws Error before any work
/// where the file could not be written.
int profiled(const std::string& file, const std::function<int()>& work);

}  // namespace melgrad
