// The host code of kernels/cuda/libraries on the stand-ins: it computes what the CPU does, and each call that it makes may fail.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cudasim/libraries/calls.h"
#include "kernels/cudasim/stream.h"
#include "kernels/device.h"
#include "kernels/scratch_array.h"
#include "kernels/tf32.h"
#include "tests/cudasim/libraries/callers.h"
#include "tests/error_of.h"

namespace melgrad::sim {
namespace {

/// The arrays of some calls of a backend's methods.
class Work {
 public:
  Work(Backend& to, Dtype of, bool at_odd_addresses)
      : backend(to), dtype(of), odd_(at_odd_addresses) {}

  Backend& backend;
  const Dtype dtype;

  /// Values with all the bits of f32, others for each array.
  void* input(i64 n) {
    bool is_new = next_ == arrays_.size();
    char* first = static_cast<char*>(array(size(n + 1))) + (odd_ ? size(1) : 0);
    if (!is_new) return first;
    i64 seed = static_cast<i64>(next_) * 29;
    std::vector<float> values;
    for (i64 i = 0; i < n; ++i) values.push_back(static_cast<float>((i * 37 + seed) % 23 - 11) / 7);
    std::vector<bf16> rounded(values.begin(), values.end());
    const void* source =
        dtype == Dtype::f32 ? static_cast<const void*>(values.data()) : rounded.data();
    backend.copy_from_host(first, source, static_cast<std::size_t>(size(n)));
    return first;
  }
  void* output(i64 n) {
    outputs_.emplace_back(array(size(n)), n);
    return outputs_.back().first;
  }
  void* array(i64 bytes) {
    if (next_ == arrays_.size())
      arrays_.push_back(std::make_unique<ScratchArray<char>>(backend, bytes));
    return arrays_[next_++]->data();
  }
  /// From now on the same arrays come again, those of results without them.
  void rewind() {
    for (auto [data, n] : outputs_) backend.fill(dtype, -1e30, n, data);
    next_ = 0;
    outputs_.clear();
  }
  std::vector<float> results() {
    std::vector<float> all;
    for (auto [data, n] : outputs_) {
      std::vector<float> values(static_cast<std::size_t>(n));
      std::vector<bf16> rounded(values.size());
      void* target = dtype == Dtype::f32 ? static_cast<void*>(values.data()) : rounded.data();
      backend.copy_to_host(target, data, static_cast<std::size_t>(size(n)));
      for (std::size_t i = 0; i < values.size(); ++i)
        all.push_back(dtype == Dtype::f32 ? values[i] : static_cast<float>(rounded[i]));
    }
    return all;
  }

 private:
  i64 size(i64 n) const { return n * static_cast<i64>(size_of(dtype)); }

  bool odd_;
  std::size_t next_ = 0;
  std::vector<std::unique_ptr<ScratchArray<char>>> arrays_;
  std::vector<std::pair<void*, i64>> outputs_;
};

void one_product(Work& work) {
  MatmulShape plain{.m = 5, .n = 7, .k = 6, .a_row = 6, .a_col = 1, .b_row = 7, .b_col = 1};
  work.backend.matmul(plain, work.dtype, work.input(30), work.input(42), nullptr, work.output(35));
  work.backend.matmul(plain, work.dtype, work.input(30), work.input(42), work.input(7),
                      work.output(35));
}

void products(Work& work) {
  MatmulShape both_transposed{
      .m = 5, .n = 7, .k = 6, .a_row = 1, .a_col = 5, .b_row = 1, .b_col = 6};
  work.backend.matmul(both_transposed, work.dtype, work.input(30), work.input(42), nullptr,
                      work.output(35));
  MatmulShape rows_apart{.m = 5, .n = 7, .k = 6, .a_row = 9, .a_col = 1, .b_row = 1, .b_col = 8};
  work.backend.matmul(rows_apart, work.dtype, work.input(45), work.input(56), work.input(7),
                      work.output(35));
  MatmulShape batch{.batch = 3,
                    .m = 2,
                    .n = 4,
                    .k = 6,
                    .a_batch = 0,
                    .a_row = 6,
                    .a_col = 1,
                    .b_batch = 24,
                    .b_row = 4,
                    .b_col = 1};
  work.backend.matmul(batch, work.dtype, work.input(12), work.input(72), work.input(4),
                      work.output(24));
  MatmulShape one_row{.m = 1, .n = 3, .k = 6, .a_row = 0, .a_col = 1, .b_row = 3, .b_col = 1};
  work.backend.matmul(one_row, work.dtype, work.input(6), work.input(18), nullptr, work.output(3));
}

void spectra(Work& work) {
  for (i64 n : {8, 20, 15}) {
    StftShape s{.count = 2, .samples = 40, .n_fft = n, .hop = 5, .frames = (40 - n) / 5 + 1};
    work.backend.stft(s, work.dtype, work.input(80), work.input(n),
                      work.output(2 * s.frames * s.bins() * 2));
    work.backend.stft_backward(s, work.dtype, work.input(2 * s.frames * s.bins() * 2),
                               work.input(n), work.output(80));
    work.backend.irfft(work.dtype, 3, n, work.input(3 * s.bins() * 2), work.output(3 * n));
  }
}

ConvShape shape(i64 c, i64 o, i64 groups) {
  return {.n = 2,
          .h = 6,
          .w = 5,
          .c = c,
          .o = o,
          .kh = 3,
          .kw = 2,
          .stride_h = 2,
          .stride_w = 1,
          .pad_top = 1,
          .pad_left = 0,
          .pad_bottom = 2,
          .pad_right = 1,
          .dilation_h = 1,
          .dilation_w = 2,
          .groups = groups,
          .p = 4,
          .q = 4};
}

void convolution_of(Work& work, const ConvShape& s, bool bias, bool relu) {
  i64 y = s.n * s.p * s.q * s.o, x = s.n * s.h * s.w * s.c, w = s.o * s.kh * s.kw * s.c / s.groups;
  work.backend.conv2d(s, work.dtype, relu, work.input(x), work.input(w),
                      bias ? work.input(s.o) : nullptr, work.output(y));
}

void convolution(Work& work) { convolution_of(work, shape(3, 4, 1), true, true); }

void convolutions(Work& work) {
  convolution_of(work, shape(3, 4, 1), true, false);
  convolution_of(work, shape(3, 4, 1), false, true);
  convolution_of(work, shape(4, 6, 2), true, true);  // cuDNN has no engine for all of it at once
}

void convolution_gradients(Work& work) {
  ConvShape s = shape(4, 6, 2);
  i64 y = s.n * s.p * s.q * s.o, x = s.n * s.h * s.w * s.c, w = s.o * s.kh * s.kw * s.c / s.groups;
  work.backend.conv2d_backward_data(s, work.dtype, work.input(y), work.input(w), work.output(x));
  work.backend.conv2d_backward_weights(s, work.dtype, work.input(x), work.input(y), work.output(w),
                                       work.output(s.o));
}

void recurrent_layer(Work& work, const RnnShape& s, bool has_biases) {
  i64 rows = gates(s.mode) * s.hidden, state = s.n * s.hidden, steps = s.t * state;
  RnnWeights w{work.input(rows * s.input), work.input(rows * s.hidden),
               has_biases ? work.input(rows) : nullptr, has_biases ? work.input(rows) : nullptr};
  bool lstm = s.mode == RnnMode::lstm;
  void *x = work.input(s.t * s.n * s.input), *h0 = work.input(state),
       *c0 = lstm ? work.input(state) : nullptr;
  void *y = work.output(steps), *hn = work.output(state), *cn = lstm ? work.output(state) : nullptr;
  void* reserve = work.array(static_cast<i64>(work.backend.rnn_reserve_bytes(s, work.dtype)));
  work.backend.rnn(s, work.dtype, w, x, h0, c0, y, hn, cn, reserve);
  RnnGradients d{work.output(s.t * s.n * s.input),
                 work.output(state),
                 lstm ? work.output(state) : nullptr,
                 work.output(rows * s.input),
                 work.output(rows * s.hidden),
                 has_biases ? work.output(rows) : nullptr,
                 has_biases ? work.output(rows) : nullptr};
  void *dy = work.input(steps), *dhn = work.input(state), *dcn = lstm ? work.input(state) : nullptr;
  work.backend.rnn_backward(s, work.dtype, w, x, h0, c0, y, reserve, dy, dhn, dcn, d);
}

void one_recurrent_layer(Work& work) {
  recurrent_layer(work, {.mode = RnnMode::gru, .t = 3, .n = 2, .input = 3, .hidden = 4}, true);
}

void recurrent_layers(Work& work) {
  for (RnnMode mode : {RnnMode::rnn_tanh, RnnMode::rnn_relu, RnnMode::lstm, RnnMode::gru}) {
    recurrent_layer(work, {.mode = mode, .t = 4, .n = 3, .input = 3, .hidden = 5}, true);
    recurrent_layer(work, {.mode = mode, .t = 2, .n = 2, .input = 2, .hidden = 4, .reverse = true},
                    false);
  }
}

using Calls = void (*)(Work&);

std::vector<float> results_on(Backend& backend, Calls calls, Dtype dtype = Dtype::f32,
                              bool odd = false) {
  Work work(backend, dtype, odd);
  calls(work);
  return work.results();
}

// The largest difference, of the largest value.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double most = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double error = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = std::isnan(error) ? INFINITY : std::max(most, error);
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return most / largest;
}

struct Case {
  const char* name;
  Calls calls;
  bool fails_in_turn = true;  // or is of the kind of another that does
};
const std::vector<Case> cases = {{"one_product", one_product},
                                 {"products", products},
                                 {"spectra", spectra},
                                 {"convolution", convolution},
                                 {"convolutions", convolutions, false},
                                 {"convolution_gradients", convolution_gradients},
                                 {"one_recurrent_layer", one_recurrent_layer},
                                 {"recurrent_layers", recurrent_layers, false}};

class HostCode : public testing::TestWithParam<Case> {
 protected:
  static std::vector<float> on_cpu(Dtype dtype = Dtype::f32) {
    return results_on(backend(Device::cpu()), GetParam().calls, dtype);
  }
  std::vector<float> on_gpu(Dtype dtype = Dtype::f32, bool odd = false) {
    return results_on(gpu_, GetParam().calls, dtype, odd);
  }
  CudaBackend gpu_;
};

TEST_P(HostCode, ComputesWhatTheCpuDoes) {
  EXPECT_LE(difference(on_gpu(), on_cpu()), 1e-6);
  EXPECT_LE(difference(on_gpu(Dtype::f32, true), on_cpu()), 1e-6) << "arrays at odd addresses";
  if (GetParam().calls == spectra) return;  // f32 on a GPU
  EXPECT_LE(difference(on_gpu(Dtype::bf16), on_cpu(Dtype::bf16)), 1e-2);
}

TEST_P(HostCode, IsRecordedOncePlansAreMade) {
  Work work(gpu_, Dtype::f32, false);
  GetParam().calls(work);
  std::vector<float> expected = work.results();
  work.rewind();
  auto step = gpu_.record([&] { GetParam().calls(work); });
  step->replay();
  EXPECT_EQ(work.results(), expected);
}

// TF32 keeps 10 bits of a fraction, bf16 would keep 7.
TEST_P(HostCode, UsesTf32WhereItMay) {
  if (GetParam().calls == spectra) return;
  bool of_cudnn = GetParam().calls != one_product && GetParam().calls != products;
  for (Tf32 where : {Tf32::all, Tf32::conv}) {
    set_tf32(where);
    double error = difference(on_gpu(), on_cpu());
    set_tf32(Tf32::off);
    EXPECT_LE(error, 1e-3);
    bool may = where == Tf32::all || of_cudnn;
    EXPECT_EQ(error > 1e-5, may) << error;
  }
}

// Late: whatever the host hands over has to stay until it was read.
TEST_P(HostCode, NeedsNoPromptDevice) {
  set_late(gpu_.stream(), true);
  EXPECT_LE(difference(on_gpu(), on_cpu()), 1e-6);
}

// 128 + 2⁻⁷ is 128 in bf16.
TEST(HostCodeAlone, JoinsSumsOfBf16InF32) {
  CudaBackend gpu;
  std::vector<bf16> ones(256, bf16(1)), terms(256, bf16(-1)), result(1);
  std::fill_n(terms.begin(), 128, bf16(1));
  terms[0] = bf16(1 + 0x1p-7F);
  ScratchArray<bf16> a(gpu, 256), w(gpu, 256), y(gpu, 1);
  gpu.copy_from_host(a.data(), ones.data(), 512);
  gpu.copy_from_host(w.data(), terms.data(), 512);
  MatmulShape shape{.m = 1, .n = 1, .k = 256, .a_row = 256, .a_col = 1, .b_row = 1, .b_col = 1};
  gpu.matmul(shape, Dtype::bf16, a.data(), w.data(), nullptr, y.data());
  gpu.copy_to_host(result.data(), y.data(), 2);
  EXPECT_EQ(static_cast<float>(result[0]), 0x1p-7F);
}

bool destroys(const std::string& call) { return call.find("Destroy") != std::string::npos; }

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

// All memory but some is in the cache of a backend that has used its libraries.
void fill_cache(CudaBackend& gpu, std::size_t but) {
  gpu.libraries();
  std::vector<std::unique_ptr<ScratchArray<char>>> blocks;
  while (device_bytes_free() >= but + 8 * mebibyte)
    blocks.push_back(std::make_unique<ScratchArray<char>>(gpu, 8 * mebibyte));
}

// A library's own memory is the device's, too, and all of it may be in our cache.
TEST_P(HostCode, GivesItsCacheBackWhereALibraryNeedsMemory) {
  if (CachingAllocator::exact_memory()) GTEST_SKIP() << "nothing is kept";
  std::vector<float> expected = on_gpu();
  SmallDevice device(192 * mebibyte);
  CudaBackend gpu;
  Work work(gpu, Dtype::f32, false);
  constexpr std::size_t room = 32 * mebibyte;
  for (int again = 0; again < 2; ++again) {  // plans are made, and then there
    fill_cache(gpu, room / 2);
    need_room(room);
    std::string error = error_of([&] { GetParam().calls(work); });
    need_room(0);
    ASSERT_EQ(error, "no error");
    EXPECT_EQ(work.results(), expected);
    work.rewind();
  }
  need_room(device_memory_bytes);
  std::string error = error_of([&] { gpu.record([&] { GetParam().calls(work); }); });
  need_room(0);
  EXPECT_TRUE(contains(error, "ALLOC") || contains(error, "no memory left")) << error;
}

// Whatever fails, the error names the call, nothing leaks, and the same work then succeeds. Only a proposal of cuDNN's that
// comes to nothing is passed over: there is another.
TEST_P(HostCode, SurvivesAFailureOfEachCall) {
  if (!GetParam().fails_in_turn) return;
  std::vector<float> expected = on_gpu();
  std::vector<std::string> calls;
  {
    CudaBackend gpu;
    calls = calls_of([&] { results_on(gpu, GetParam().calls); });
  }
  std::size_t objects = live_objects(), memory = device_bytes_free();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    {
      CudaBackend gpu;
      fail_call(i);
      std::string error = error_of([&] { results_on(gpu, GetParam().calls); });
      ASSERT_FALSE(fail_no_call()) << "call " << i << " was not made";
      bool of_a_proposal = calls[i] == "cudnnBackendFinalize" || calls[i] == "cudnnBackendExecute";
      bool passed_over = error == "no error" && of_a_proposal;
      if (destroys(calls[i])) {
        EXPECT_EQ(error, "no error");
      } else if (!passed_over) {
        EXPECT_TRUE(contains(error, calls[i]))
            << "call " << i << " is " << calls[i] << ": " << error;
      }
      ASSERT_EQ(results_on(gpu, GetParam().calls), expected)
          << "after call " << i << ", " << calls[i];
    }
    ASSERT_EQ(live_objects(), objects) << "after call " << i << ", " << calls[i];
    ASSERT_EQ(device_bytes_free(), memory) << "after call " << i << ", " << calls[i];
  }
  EXPECT_GT(calls.size(), 5U);
}

INSTANTIATE_TEST_SUITE_P(Of, HostCode, testing::ValuesIn(cases),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace melgrad::sim
