#include "autograd/autocast.h"

#include <algorithm>

#include "autograd/functions.h"

namespace melgrad {
namespace {
thread_local Dtype current = Dtype::f32;
}

Autocast::Autocast(Dtype dtype) : before_(current) {
  check(dtype == Dtype::bf16 || dtype == Dtype::f32, "autocast", "bf16 or f32, not {}",
        name_of(dtype));
  current = dtype;
}
Autocast::~Autocast() { current = before_; }
Dtype autocast_dtype() { return current; }

Variable lowered(const Variable& x) {
  bool convert = current != Dtype::f32 && x.defined() && x.dtype() == Dtype::f32;
  return convert ? to(x, current) : x;
}

Variable raised(const Variable& x) {
  bool convert = current != Dtype::f32 && x.defined() && x.dtype() == current;
  return convert ? to(x, Dtype::f32) : x;
}

std::pair<Variable, Variable> raised_together(const Variable& a, const Variable& b) {
  if (current == Dtype::f32 || a.dtype() == b.dtype()) return {a, b};
  return {raised(a), raised(b)};
}

std::vector<Variable> raised_together(const std::vector<Variable>& parts) {
  auto differs = [&parts](const Variable& x) { return x.dtype() != parts[0].dtype(); };
  if (current == Dtype::f32 || std::none_of(parts.begin(), parts.end(), differs)) return parts;
  std::vector<Variable> result;
  result.reserve(parts.size());
  for (const Variable& x : parts) result.push_back(raised(x));
  return result;
}

}  // namespace melgrad
