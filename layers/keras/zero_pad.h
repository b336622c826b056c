#pragma once
#include "layers/module.h"

namespace melgrad {

/// (N, C, H, W) with zeros around each picture: Keras's ZeroPadding2D.
class ZeroPad2d final : public Module {
 public:
  ZeroPad2d(Pair before, Pair after) : before_(before), after_(after) {}
  std::string type() const override { return "ZeroPad2d"; }
  std::string details() const override {
    return format("{}, {} above and below, {}, {} left and right", before_.h, after_.h, before_.w,
                  after_.w);
  }
  Variable forward(const Variable& x) override {
    return pad(x, {0, 0, before_.h, before_.w}, {0, 0, after_.h, after_.w});
  }

 private:
  Pair before_, after_;
};

}  // namespace melgrad
