#include "apps/harness/console/profiled.h"

#include <CLI/CLI.hpp>

#include "apps/harness/console/progress.h"
#include "kernels/profile/profile.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

void write(Profile& profile, const std::string& file) {
  profile.stop();
  write_file(file, profile.trace());
  say("\n" + profile.table() + file + " opens in ui.perfetto.dev");
}

}  // namespace

void add_profile_option(CLI::App& app, std::string& file) {
  CLI::Option* option = app.add_option("--profile", file,
                                       "what took how long, operation by operation: a trace for\n"
                                       "ui.perfetto.dev, and the costliest on the console")
                            ->option_text("FILE");
  if (const CLI::Option* other = app.get_option_no_throw("--threads"))
    option->group(other->get_group());
}

int profiled(const std::string& file, const std::function<int()>& work) {
  if (file.empty()) return work();
  check_writable(file);
  Profile profile;
  int code = 0;
  try {
    code = work();
  } catch (...) {  // its error counts, whatever becomes of the trace
    try {
      write(profile, file);
    } catch (const Error& error) {
      say(error.what());
    }
    throw;
  }
  write(profile, file);
  return code;
}

}  // namespace melgrad
