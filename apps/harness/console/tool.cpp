#include "apps/harness/console/tool.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <csignal>
#include <iostream>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/profiled.h"
#include "apps/harness/console/progress.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

bool is_finite_number(const std::string& text, double& value) {
  return CLI::detail::lexical_cast(text, value) && std::isfinite(value);
}

}  // namespace

int run_tool(CLI::App& app, int argc, char** argv, const std::function<int()>& work) {
  std::string profile;
  add_profile_option(app, profile);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // CLI11's own codes go up to 116
  }
  std::signal(SIGXFSZ, SIG_IGN);  // an error of write(), not the end
  InterruptGuard guard;
  try {
    int code = profiled(profile, work);
    check(!std::cout.flush().fail(), "stdout", "what was printed could not be written");
    return code;
  } catch (const Interrupted& stop) {
    say(app.get_name() + ": " + stop.what());
    return 130;
  } catch (const std::exception& problem) {
    say(app.get_name() + ": " + problem.what());
    return 1;
  }
}

// CLI11's PositiveNumber says "not in range 0.000000 to 1797693…".
std::string is_positive(const std::string& text) {
  double value = 0;
  return is_finite_number(text, value) && value > 0 ? "" : text + " is not a number above 0";
}

std::string is_not_negative(const std::string& text) {
  double value = 0;
  return is_finite_number(text, value) && value >= 0 ? "" : text + " is not a number from 0 on";
}

}  // namespace melgrad
