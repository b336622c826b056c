#include <gtest/gtest.h>

#include <functional>

#include "tensor/ops.h"
#include "tests/error_of.h"

// In place or not, the result is the same, however the target lies in memory and whatever of it the
// operand shares; where that cannot be, it is an error. And each write is counted.
namespace melgrad {
namespace {

struct View {
  const char* name;
  Tensor (*of)(const Tensor&);
};
// All of shape (4, 4), of a tensor (6, 6).
const View views[] = {
    {"first", [](const Tensor& x) { return x.slice(0, 0, 4).slice(1, 0, 4); }},
    {"next row", [](const Tensor& x) { return x.slice(0, 1, 5).slice(1, 0, 4); }},
    {"next column", [](const Tensor& x) { return x.slice(0, 0, 4).slice(1, 1, 5); }},
    {"last", [](const Tensor& x) { return x.slice(0, 2, 6).slice(1, 2, 6); }},
    {"transposed", [](const Tensor& x) { return x.slice(0, 0, 4).slice(1, 0, 4).transpose(0, 1); }},
    {"flipped", [](const Tensor& x) { return x.slice(0, 0, 4).slice(1, 0, 4).flip(0); }},
    {"packed",
     [](const Tensor& x) {
       return x.reshape({36}).slice(0, 3, 19).reshape({4, 4});
     }},
    {"packed, next",
     [](const Tensor& x) {
       return x.reshape({36}).slice(0, 4, 20).reshape({4, 4});
     }},
    {"packed, columns",
     [](const Tensor& x) {
       return x.reshape({36}).slice(0, 3, 19).reshape({4, 4}).transpose(0, 1);
     }},
};
const View operands[] = {
    {"a row", [](const Tensor& x) { return x.slice(0, 1, 2).slice(1, 0, 4); }},
    {"a column", [](const Tensor& x) { return x.slice(0, 0, 4).slice(1, 1, 2); }},
    {"one element", [](const Tensor& x) { return x.select(0, 1).select(0, 1); }},
};

struct Change {
  const char* name;
  std::function<void(Tensor&, const Tensor&)> in_place;
  std::function<Tensor(const Tensor&, const Tensor&)> result;
};
const std::vector<Change> changes = {
    {"add_", [](Tensor& x, const Tensor& y) { x.add_(y); },
     [](const Tensor& x, const Tensor& y) { return x + y; }},
    {"add_ of a multiple", [](Tensor& x, const Tensor& y) { x.add_(y, -3); },
     [](const Tensor& x, const Tensor& y) { return x + y * -3; }},
    {"copy_", [](Tensor& x, const Tensor& y) { x.copy_(y); },
     [](const Tensor& x, const Tensor& y) { return y.expand(x.shape()); }},
    {"mul_", [](Tensor& x, const Tensor&) { x.mul_(-3); },
     [](const Tensor& x, const Tensor&) { return x * -3; }},
    {"fill_", [](Tensor& x, const Tensor&) { x.fill_(7); },
     [](const Tensor& x, const Tensor&) { return zeros_like(x) + 7; }},
};

TEST(InPlace, OverlappingViewsGiveWhatCopiesWouldGive) {
  std::vector<View> others(std::begin(views), std::end(views));
  others.insert(others.end(), std::begin(operands), std::end(operands));
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16, Dtype::i64})
    for (const Change& change : changes)
      for (const View& target : views)
        for (const View& operand : others) {
          Tensor x = arange(36).reshape({6, 6}).to(dtype), copy = x.clone();
          Tensor expected = change.result(target.of(copy).clone(), operand.of(copy).clone());
          Tensor written = target.of(x);
          u64 version = x.storage()->version();
          change.in_place(written, operand.of(x));
          ASSERT_TRUE(equal(written, expected))
              << change.name << ": " << target.name << ", " << operand.name;
          bool itself = std::string(change.name) == "copy_" && target.of == operand.of;
          ASSERT_TRUE(itself || x.storage()->version() > version) << change.name << " is counted";
          // Nothing else was touched.
          target.of(copy).copy_(expected);
          ASSERT_TRUE(equal(x, copy)) << change.name << ": " << target.name << ", " << operand.name;
        }
}

TEST(InPlace, ATargetWhoseElementsShareMemoryIsRefused) {
  Tensor x = ones({3}).unsqueeze(1).expand({3, 2});
  EXPECT_NE(error_of([&] { x.add_(ones({3, 2})); }), "no error");
  EXPECT_NE(error_of([&] { x.mul_(2); }), "no error");
  EXPECT_NE(error_of([&] { x.fill_(2); }), "no error");
  EXPECT_NE(error_of([&] { x.copy_(ones({3, 2})); }), "no error");
}

}  // namespace
}  // namespace melgrad
