#pragma once
#include <functional>
#include <memory>

#include "kernels/device.h"

namespace melgrad {

/// Work that was recorded once and can be run again as a whole: the same operations on the same
/// addresses, whatever these hold by then.
class RecordedWork {
 public:
  RecordedWork() = default;
  RecordedWork(const RecordedWork&) = delete;
  RecordedWork& operator=(const RecordedWork&) = delete;
  virtual ~RecordedWork() = default;
  virtual void replay() = 0;
};

/// A training step that a GPU repeats by itself. A step of a small net is hundreds of launches of a
/// few microseconds each, and the host needs longer to submit them than the GPU to run them; a CUDA
/// graph submits them all at once.
///
///   StepGraph step(Device::cuda(), [&] {
///     optimizer.zero_grad();
///     loss = cross_entropy(net(x), labels);
///     loss.backward();
///     optimizer.step();
///   });
///   for (…) { x.copy_(batch); labels.copy_(…); step.run(); }
///
/// The first two runs are ordinary ones, in which libraries make their choices. The third is
/// recorded; from then on the host code of the step is not called any more. So all that it reads
/// has to stay where it is (x and labels above), and nothing may depend on the host: no value is
/// read back, nothing comes from host memory, batches have one size. What the device counts itself
/// goes on: dropout draws new masks, an optimiser counts its steps and obeys set_lr.
class StepGraph {
 public:
  StepGraph(Device device, std::function<void()> step);
  /// True if it was a replay, of which the step's host code knows nothing (Optimizer::count_replay).
  /// Throws what the step throws. One that cannot be recorded throws Error in the third run.
  bool run();
  bool is_recorded() const { return recorded_ != nullptr; }

 private:
  Device device_;
  std::function<void()> step_;
  int runs_ = 0;
  std::unique_ptr<RecordedWork> recorded_;
};

}  // namespace melgrad
