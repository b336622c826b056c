// Whether a training keeps the GPU at work, as the simulated one sees it on a late stream.
#include <gtest/gtest.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cudasim/stream.h"
#include "tests/harness/short_training.h"

namespace melgrad {
namespace {

/// How often an epoch of so many batches, and the evaluation of so many more, leave the GPU without work.
std::size_t times_idle(std::size_t batches, bool cuda_graph, std::size_t evaluated = 4) {
  Recipe recipe = short_recipe();
  recipe.batch = 1;
  recipe.stages.front().epochs = 1;
  recipe.cuda_graph = cuda_graph;
  Doing doing{.device = Device::cuda()};
  doing.split.train.resize(batches);
  doing.split.valid.resize(evaluated);
  doing.split.test.resize(evaluated);
  std::size_t before = sim::times_run_dry();
  train(recipe, doing);
  return sim::times_run_dry() - before;
}

TEST(IdleGpu, IsNotLeftWithoutWorkWithinAnEpoch) {
  cuda::Stream stream = static_cast<CudaBackend&>(backend(Device::cuda())).stream();
  bool was_late = sim::set_late(stream, true);
  for (bool cuda_graph : {false, true}) {
    times_idle(20, cuda_graph);  // libraries and plans are made
    std::size_t few = times_idle(20, cuda_graph), many = times_idle(40, cuda_graph);
    EXPECT_GT(few, 0U) << "validation reads its results";
    EXPECT_EQ(many, few) << (cuda_graph ? "recorded steps" : "ordinary steps");
  }
  sim::set_late(stream, was_late);
}

TEST(IdleGpu, IsNotLeftWithoutWorkWithinAnEvaluation) {
  cuda::Stream stream = static_cast<CudaBackend&>(backend(Device::cuda())).stream();
  bool was_late = sim::set_late(stream, true);
  times_idle(2, false, 4);
  EXPECT_EQ(times_idle(2, false, 10), times_idle(2, false, 4));
  sim::set_late(stream, was_late);
}

}  // namespace
}  // namespace melgrad
