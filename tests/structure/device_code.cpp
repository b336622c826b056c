#include <gtest/gtest.h>

#include <regex>

#include "tests/structure/sources.h"

// What kernels must not do, where reading them is enough to see it.
namespace melgrad::testing {
namespace {

// A call of libm's for double: many GPUs compute it 64 times slower than float's.
std::string slow_call(const std::string& line) {
  static const std::regex call(
      R"((^|[^A-Za-z0-9_.:>])(pow|exp|expm1|log|log1p|log2|sqrt|rsqrt|sin|cos|tanh|erf|fmod)\()");
  std::string code = line.substr(0, line.find("//"));
  std::smatch found;
  return std::regex_search(code, found, call) ? found.str(2) : "";
}

TEST(DeviceCode, ComputesInF32) {
  int files = 0;
  for (const auto& file : sources_below("kernels/cuda")) {
    if (file.extension() != ".cu") continue;
    ++files;
    // Normal numbers are the CPU's to the last bit of libm, which computes them in f64.
    if (file.filename() == "random.cu") continue;
    for (const std::string& line : lines(file)) EXPECT_EQ(slow_call(line), "") << file << line;
  }
  EXPECT_GT(files, 10);
}

TEST(DeviceCode, TheCheckSeesACallForDouble) {
  EXPECT_EQ(slow_call("  float y = s.lr / (1 - pow(s.beta1, t));"), "pow");
  EXPECT_EQ(slow_call("double r = sqrt(x);"), "sqrt");
  EXPECT_EQ(slow_call("  y = expf(x) * sqrtf(v) * warp_log(x);  // exp(x)"), "");
}

}  // namespace
}  // namespace melgrad::testing
