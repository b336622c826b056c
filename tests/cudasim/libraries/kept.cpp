// What the host code makes once for a shape: it is used again, goes when others took its place, and stays for a recorded step.
#include <gtest/gtest.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/libraries/recent.h"
#include "kernels/cudasim/libraries/calls.h"
#include "kernels/cudasim/stream.h"
#include "kernels/scratch_array.h"
#include "tests/error_of.h"

namespace melgrad::sim {
namespace {

TEST(Recent, KeepsWhatWasUsedLast) {
  cuda::Recent<int, int> recent(3);
  int made = 0;
  auto at = [&](int key) { return recent.at(key, [&] { return ++made, 10 * key; }); };
  for (int key : {1, 2, 3, 1, 4}) EXPECT_EQ(at(key), 10 * key);
  EXPECT_EQ(made, 4);
  for (int key : {3, 1, 4}) at(key);
  EXPECT_EQ(made, 4) << "2 was used the longest ago";
  at(2);
  EXPECT_EQ(made, 5);
  EXPECT_THROW(recent.at(7, []() -> int { throw Error("no 7"); }), Error);
  for (int key : {1, 4, 2}) at(key);
  EXPECT_EQ(made, 5) << "an attempt that failed took nobody's place";
}

/// Inverse transforms of a spectrum that is 1 at frequency 0.
class Transforms {
 public:
  static constexpr i64 n = 20, most = 200;
  explicit Transforms(CudaBackend& gpu)
      : gpu_(gpu), spectrum_(gpu, most * (n / 2 + 1) * 2), x_(gpu, most * n) {
    std::vector<float> one(static_cast<std::size_t>(most * (n / 2 + 1) * 2));
    for (std::size_t i = 0; i < one.size(); i += (n / 2 + 1) * 2) one[i] = n;
    gpu.copy_from_host(spectrum_.data(), one.data(), one.size() * sizeof(float));
  }
  void run(i64 count) { gpu_.irfft(Dtype::f32, count, n, spectrum_.data(), x_.data()); }
  float last_of(i64 count) {
    float value = 0;
    gpu_.copy_to_host(&value, x_.data() + count * n - 1, sizeof value);
    return value;
  }
  void clear() { gpu_.fill(Dtype::f32, -1, most * n, x_.data()); }

 private:
  CudaBackend& gpu_;
  ScratchArray<float> spectrum_, x_;
};

TEST(TransformPlans, GoWhenManyOthersWereUsed) {
  for (bool late : {false, true}) {
    CudaBackend gpu;
    set_late(gpu.stream(), late);
    Transforms transforms(gpu);
    transforms.run(Transforms::most);  // the largest workspace first: nobody waits for another
    std::size_t with_one = live_objects();
    for (i64 count = Transforms::most - 1; count > 0; --count) transforms.run(count);
    EXPECT_FLOAT_EQ(transforms.last_of(1), 1);
    EXPECT_LE(live_objects(), with_one + 31);
    EXPECT_EQ(calls_of([&] { transforms.run(1); }).front(), "cufftSetWorkArea")
        << "the last is kept";
  }
}

TEST(TransformPlans, StayForARecordedStep) {
  CudaBackend gpu;
  Transforms transforms(gpu);
  transforms.run(3);
  auto step = gpu.record([&] { transforms.run(3); });
  for (i64 count = 4; count < 100; ++count) transforms.run(count);
  transforms.clear();
  step->replay();
  EXPECT_FLOAT_EQ(transforms.last_of(3), 1);
}

/// A training step of an LSTM with weights of 0.
class Recurrent {
 public:
  explicit Recurrent(CudaBackend& gpu)
      : gpu_(gpu), reserve_(gpu, reserve_bytes()), values_(gpu, 1000) {
    gpu.fill(Dtype::f32, 0, 1000, values_.data());
  }
  void forward() {
    float* zero = values_.data();
    gpu_.rnn(shape, Dtype::f32, {zero, zero, zero, zero}, zero, nullptr, nullptr, y(), state(0),
             state(1), reserve_.data());
  }
  void backward() {
    float* zero = values_.data();
    RnnGradients d{.dx = y() + 200, .dw_ih = y() + 300, .dw_hh = y() + 400};
    gpu_.rnn_backward(shape, Dtype::f32, {zero, zero, zero, zero}, zero, nullptr, nullptr, y(),
                      reserve_.data(), zero, nullptr, nullptr, d);
  }
  i64 reserve_bytes() { return static_cast<i64>(gpu_.rnn_reserve_bytes(shape, Dtype::f32)); }

 private:
  static constexpr RnnShape shape{.mode = RnnMode::lstm, .t = 3, .n = 2, .input = 4, .hidden = 4};
  float* y() { return values_.data() + 500; }
  float* state(i64 i) { return values_.data() + 600 + 16 * i; }

  CudaBackend& gpu_;
  ScratchArray<char> reserve_;
  ScratchArray<float> values_;
};

using Calls = std::vector<std::string>;

TEST(RecurrentLayers, AreDescribedOnce) {
  CudaBackend gpu;
  Recurrent layer(gpu);
  layer.forward();
  layer.backward();
  EXPECT_EQ(calls_of([&] { layer.forward(); }), Calls{"cudnnRNNForward"});
  EXPECT_EQ(calls_of([&] { layer.backward(); }),
            (Calls{"cudnnRNNBackwardData_v8", "cudnnRNNBackwardWeights_v8"}));
  EXPECT_EQ(calls_of([&] { layer.reserve_bytes(); }), Calls{});
}

// cuDNN writes to the reserve, and nobody makes a copy for it: who needs it twice does.
TEST(RecurrentLayers, UseTheirReserveUp) {
  CudaBackend gpu;
  Recurrent layer(gpu);
  layer.forward();
  layer.backward();
  std::string error = error_of([&] { layer.backward(); });
  EXPECT_TRUE(contains(error, "the reserve holds something else")) << error;
}

}  // namespace
}  // namespace melgrad::sim
