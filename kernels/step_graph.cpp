#include "kernels/step_graph.h"

#include <utility>

#include "kernels/cuda/runtime/devices.h"
#include "kernels/profile/profile.h"

namespace melgrad {

namespace {
constexpr int ordinary_runs = 2;
}

StepGraph::StepGraph(Device device, std::function<void()> step)
    : device_(device), step_(std::move(step)) {
  check(!device.is_cpu(), "step_graph", "a step can be recorded on a GPU only, not on {}", device);
  check(!profiling(), "step_graph",
        "calls of a recorded step have no times of their own to profile");
}

bool StepGraph::run() {
  if (runs_++ < ordinary_runs) {
    step_();
    return false;
  }
  bool is_replay = is_recorded();
  if (!is_replay) recorded_ = record_on_gpu(device_.index, step_);
  recorded_->replay();
  return is_replay;
}

}  // namespace melgrad
