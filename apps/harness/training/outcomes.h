#pragma once
#include <vector>

#include "tensor/download.h"

namespace melgrad {

/// What training steps said of their batches, on the way to the host. A GPU is behind the host and should
/// have work while it is waited for, so what it said arrives some batches late.
class Outcomes {
 public:
  struct Outcome {
    double loss = 0;   // mean
    double right = 0;  // answers
    i64 clips = 0;
  };

  /// loss_and_right (2), where the step has left it.
  void add(const Tensor& loss_and_right, i64 clips) { said_.push_back({loss_and_right, clips}); }
  /// Of the oldest batches, those that need no device to stand still; in order.
  std::vector<Outcome> arrived();
  /// Of all batches that are left.
  std::vector<Outcome> all();
  /// Batches that are left.
  i64 count() const { return std::ssize(said_) + std::ssize(sent_clips_); }

 private:
  struct Said {
    Tensor loss_and_right;
    i64 clips = 0;
  };
  void send();
  std::vector<Outcome> take_sent();

  std::vector<Said> said_;
  Download sent_;  // (batches, 2): of those before
  std::vector<i64> sent_clips_;
};

}  // namespace melgrad
