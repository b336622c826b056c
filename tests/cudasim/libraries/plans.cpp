// By which of cuDNN's plans a convolution runs: it needs memory, may not run at all, and is chosen once.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cudasim/libraries/calls.h"
#include "kernels/cudasim/libraries/graph/engines.h"
#include "kernels/cudasim/stream.h"
#include "kernels/scratch_array.h"
#include "tests/cudasim/libraries/callers.h"
#include "tests/error_of.h"

namespace melgrad::sim {
namespace {

constexpr i64 mebibyte = i64{1} << 20U;
constexpr i64 large = 12 * mebibyte, small = 1000;  // workspaces
const Engine broken{.runs = false, .workspace = 10};

/// Convolutions of pictures of 4 × 4 values with a filter of 1 × 1, on a device that has 80 MiB besides cuBLAS's 32: a quarter
/// of it, down to a power of two, is 16 MiB, and once 40 are taken it is 8.
class ConvolutionPlans : public testing::Test {
 protected:
  ConvolutionPlans() { engines_asked(); }
  ~ConvolutionPlans() override { propose({}); }

  /// y = x * w of n pictures, in arrays that begin `odd` values after a multiple of 256 bytes.
  class Pictures {
   public:
    Pictures(CudaBackend& gpu, i64 n, i64 odd = 0)
        : gpu_(gpu),
          n_(n),
          odd_(odd),
          x_(gpu, n * 16 + odd),
          w_(gpu, 1 + odd),
          y_(gpu, n * 16 + odd) {
      gpu.fill(Dtype::f32, 3, n * 16, at(x_));
      gpu.fill(Dtype::f32, 5, 1, at(w_));
    }
    void convolve() {
      ConvShape shape{.n = n_, .h = 4, .w = 4, .c = 1, .o = 1, .kh = 1, .kw = 1, .p = 4, .q = 4};
      gpu_.conv2d(shape, Dtype::f32, false, at(x_), at(w_), nullptr, at(y_));
    }
    void clear() { gpu_.fill(Dtype::f32, -1, n_ * 16, at(y_)); }
    float last() {
      float value = 0;
      gpu_.copy_to_host(&value, at(y_) + n_ * 16 - 1, sizeof value);
      return value;
    }

   private:
    float* at(ScratchArray<float>& array) const { return array.data() + odd_; }

    CudaBackend& gpu_;
    i64 n_, odd_;
    ScratchArray<float> x_, w_, y_;
  };

  /// The workspaces of the engines that were asked for it.
  std::vector<i64> engines_of(Pictures& pictures) {
    pictures.clear();
    pictures.convolve();
    EXPECT_EQ(pictures.last(), 15);
    return engines_asked();
  }
  std::vector<i64> engines_of(i64 n) {
    Pictures pictures(gpu_, n);
    return engines_of(pictures);
  }

  SmallDevice device_{static_cast<std::size_t>((32 + 80) * mebibyte)};
  CudaBackend gpu_;
};

using Asked = std::vector<i64>;

TEST_F(ConvolutionPlans, TakeAShareOfWhatIsFreeOrCached) {
  propose({{.workspace = large}, {.workspace = small}});
  EXPECT_EQ(engines_of(1), Asked{large});
  {
    ScratchArray<char> taken(gpu_, 40 * mebibyte);
    EXPECT_EQ(engines_of(2), Asked{small});
  }
  EXPECT_EQ(engines_of(3), Asked{large});
}

TEST_F(ConvolutionPlans, GoOnToTheNextWhereOneFailsToRun) {
  propose({broken, {.workspace = small}});
  Pictures pictures(gpu_, 1);
  EXPECT_EQ(engines_of(pictures), (Asked{broken.workspace, small}));
  EXPECT_EQ(engines_of(pictures), Asked{small}) << "it was not remembered";
  EXPECT_EQ(engines_of(2), (Asked{broken.workspace, small})) << "another shape may do";
}

TEST_F(ConvolutionPlans, GoOnToTheNextWhereThereIsNoMemory) {
  propose({{.workspace = large}, {.workspace = small}});
  Pictures pictures(gpu_, 1);
  EXPECT_EQ(engines_of(pictures), Asked{large});
  {
    ScratchArray<char> taken(gpu_, 64 * mebibyte), more(gpu_, 8 * mebibyte);
    EXPECT_EQ(engines_of(pictures), Asked{small});
  }
  EXPECT_EQ(engines_of(pictures), Asked{small}) << "it was not remembered";
}

TEST_F(ConvolutionPlans, SayWhyTheFirstFailedIfAllDo) {
  propose({broken, {.workspace = large}}, {{.runs = false}});
  Pictures pictures(gpu_, 1);
  ScratchArray<char> taken(gpu_, 8 * mebibyte);
  for (int again = 0; again < 2; ++again) {
    ScratchArray<char> more(gpu_, 64 * mebibyte);
    std::string error = error_of([&] { pictures.convolve(); });
    EXPECT_TRUE(contains(error, "[cudnnBackendExecute]")) << error;
    EXPECT_EQ(engines_asked(), (Asked{broken.workspace, 0})) << "what never worked is tried anew";
  }
  propose({broken, {.workspace = large}}, {{.workspace = small}});
  EXPECT_EQ(engines_of(pictures).back(), large);
}

TEST_F(ConvolutionPlans, SayThatThereWasNoMemory) {
  propose({{.workspace = large}}, {broken});
  Pictures pictures(gpu_, 1);
  EXPECT_EQ(engines_of(pictures), Asked{large});
  ScratchArray<char> taken(gpu_, 64 * mebibyte), more(gpu_, 8 * mebibyte);
  std::string error = error_of([&] { pictures.convolve(); });
  EXPECT_TRUE(contains(error, "out of memory")) << error;
  EXPECT_EQ(engines_asked(), Asked{broken.workspace});
}

// A recorded step repeats what ran before; nothing is planned in it.
TEST_F(ConvolutionPlans, AreNotChangedWhileAStepIsRecorded) {
  propose({{.workspace = small}});
  Pictures pictures(gpu_, 1), new_shape(gpu_, 2);
  engines_of(pictures);
  std::string error = error_of([&] { gpu_.record([&] { new_shape.convolve(); }); });
  EXPECT_TRUE(contains(error, "is looked for within a step that is being recorded")) << error;

  propose({{.runs = false, .workspace = small}});
  error = error_of([&] { gpu_.record([&] { pictures.convolve(); }); });
  EXPECT_TRUE(contains(error, "[cudnnBackendExecute]")) << error;
  EXPECT_EQ(engines_asked(), Asked{small});
  EXPECT_EQ(engines_of(pictures), (Asked{small, 0})) << "the ordinary step goes on";
}

TEST_F(ConvolutionPlans, LiveAsLongAsAStepThatWasRecordedWithThem) {
  propose({{.workspace = small}});
  Pictures pictures(gpu_, 1);
  engines_of(pictures);
  auto step = gpu_.record([&] { pictures.convolve(); });
  propose({{.runs = false, .workspace = small}});
  EXPECT_EQ(engines_of(pictures).back(), 0) << "the plan was not replaced";
  pictures.clear();
  step->replay();
  EXPECT_EQ(pictures.last(), 15);
}

// A plan that gives way to another may have work that is waiting.
TEST_F(ConvolutionPlans, LiveUntilTheirWorkIsDone) {
  set_late(gpu_.stream(), true);
  propose({{.workspace = small}});
  Pictures pictures(gpu_, 1);
  pictures.convolve();
  propose({{.runs = false, .workspace = small}});
  EXPECT_EQ(error_of([&] { pictures.convolve(); }), "no error");
  EXPECT_EQ(pictures.last(), 15);
}

// cuDNN's fast engines read nothing else than multiples of 16 bytes: views that begin elsewhere are copied.
TEST_F(ConvolutionPlans, AreTheSameForViewsAtOddAddresses) {
  Pictures pictures(gpu_, 2);
  engines_of(pictures);
  for (i64 odd : {1, 2, 3}) {
    Pictures views(gpu_, 2, odd);
    auto calls = calls_of([&] { views.convolve(); });
    EXPECT_EQ(views.last(), 15);
    EXPECT_EQ(std::count(calls.begin(), calls.end(), "cudnnBackendCreateDescriptor"), 1)
        << "the variant pack and no plan";
  }
}

TEST_F(ConvolutionPlans, ShareOneWorkspace) {
  for (i64 n : {2, 4, 3}) {
    propose({{.workspace = n * mebibyte}});
    EXPECT_EQ(engines_of(n), Asked{n * mebibyte});
  }
  EXPECT_LT(gpu_.memory_stats().cached, std::size_t{5} * mebibyte);
}

}  // namespace
}  // namespace melgrad::sim
