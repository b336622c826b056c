#include "kernels/step_graph.h"

#include <utility>

#include "kernels/cuda/devices.h"

namespace melgrad {

namespace {
constexpr int ordinary_runs = 2;
}

StepGraph::StepGraph(Device device, std::function<void()> step)
    : device_(device), step_(std::move(step)) {
  check(!device.is_cpu(), "step_graph", "a step can be recorded on a GPU only, not on {}",
        to_string(device));
}

void StepGraph::run() {
  if (runs_++ < ordinary_runs) return step_();
  if (!recorded_) recorded_ = record_on_gpu(device_.index, step_);
  recorded_->replay();
}

}  // namespace melgrad
