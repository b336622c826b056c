#include "autograd/tools/anomaly.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <vector>

#include "tensor/ops.h"

namespace melgrad {
namespace {

thread_local bool searching = false;

struct Frame {
  std::string symbol;    // demangled, empty if the program does not export it
  std::string position;  // "build/bin/net+0x1a2b", for addr2line
};

Frame frame_at(void* address) {
  Dl_info info{};
  if (!dladdr(address, &info)) return {};
  Frame frame;
  std::ostringstream position;
  position << info.dli_fname << "+0x" << std::hex
           << static_cast<char*>(address) - static_cast<char*>(info.dli_fbase);
  frame.position = position.str();
  if (!info.dli_sname) return frame;
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
  frame.symbol = status == 0 ? text.get() : info.dli_sname;
  return frame;
}

// An operation is a free function of this namespace: "melgrad::softmax(melgrad::Variable const&…".
// Layers are classes ("melgrad::Linear::forward"), nets and programs are elsewhere.
bool is_operation(const std::string& symbol) {
  std::string_view scope = "melgrad::", name = symbol;
  if (name.substr(0, scope.size()) != scope) return false;
  name = name.substr(scope.size(), name.find('(') - scope.size());
  return name.find(':') == name.npos && name.find('<') == name.npos;
}

// The stack from here on: this file, Function::connect and apply (which may be inlined or have no
// public name), the operation or operations that composed it, the caller.
std::string calling_function() {
  std::array<void*, 64> addresses{};
  int depth = backtrace(addresses.data(), static_cast<int>(addresses.size()));
  bool in_operation = false;
  for (int i = 1; i < depth; ++i) {
    Frame frame = frame_at(addresses[static_cast<std::size_t>(i)]);
    bool internal = frame.symbol == "melgrad::calling_place[abi:cxx11]()";
    if (is_operation(frame.symbol)) {
      in_operation = in_operation || !internal;
    } else if (in_operation) {
      return frame.symbol.empty() ? frame.position : frame.symbol;
    }
  }
  return "an unknown function";
}

}  // namespace

AnomalyMode::AnomalyMode() : before_(searching) { searching = true; }
AnomalyMode::~AnomalyMode() { searching = before_; }
bool anomaly_mode() { return searching; }

std::string calling_place() {
  std::string path = Scope::path();
  return (path.empty() ? "" : path + ", in ") + calling_function();
}

void check_finite(const Tensor& x, std::string_view op, std::string_view what,
                  const std::string& called_from) {
  if (!x.defined() || !is_floating(x.dtype()) || x.numel() == 0) return;
  if (min(isfinite(x).to(Dtype::f32)).item() == 1) return;
  std::vector<double> values = x.to(Dtype::f64).to_vector<double>();
  auto finite = [](double value) { return std::isfinite(value); };
  auto nans = std::count_if(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  auto infinities =
      std::count_if(values.begin(), values.end(), [](double v) { return std::isinf(v); });
  i64 first = std::find_if_not(values.begin(), values.end(), finite) - values.begin();
  Shape index = x.shape().row_major();
  for (int axis = 0; axis < x.rank(); ++axis) {
    i64 stride = index[axis];
    index[axis] = first / stride;
    first %= stride;
  }
  throw LocatedError(format(
      "[{}] {} {} has {} NaN and {} infinite values, the first at {}; called from {}", op, what, x,
      nans, infinities, index, called_from.empty() ? "an unknown place" : called_from));
}

}  // namespace melgrad
