#include <gtest/gtest.h>

#include "kernels/cuda/libraries/rnn_layer.h"
#include "kernels/error.h"

// Whether cuDNN takes what we tell it of a recurrent layer can be seen without a GPU.
namespace melgrad {
namespace {

TEST(RecurrentDescriptors, AreTakenForEveryKindOfLayer) {
  for (RnnMode mode : {RnnMode::rnn_tanh, RnnMode::rnn_relu, RnnMode::lstm, RnnMode::gru})
    for (Dtype dtype : {Dtype::f32, Dtype::bf16})
      for (bool tensor_cores : {false, true})
        for (const RnnShape& sizes : {RnnShape{.t = 1, .n = 1, .input = 1, .hidden = 1},
                                      RnnShape{.t = 7, .n = 3, .input = 5, .hidden = 33},
                                      RnnShape{.t = 32, .n = 64, .input = 1024, .hidden = 128}}) {
          RnnShape s = sizes;
          s.mode = mode;
          EXPECT_NO_THROW(cuda::RnnDescriptors(nullptr, s, dtype, tensor_cores))
              << "mode " << static_cast<int>(mode) << ", " << name_of(dtype) << ", t " << s.t;
        }
}

TEST(RecurrentDescriptors, AreRefusedWithTheCallsName) {
  RnnShape nothing{.t = 7, .n = 3, .input = 5, .hidden = 0};
  try {
    cuda::RnnDescriptors(nullptr, nothing, Dtype::f32, false);
    FAIL() << "a layer without units was taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("cudnnSetRNNDescriptor_v8"), std::string::npos);
  }
}

}  // namespace
}  // namespace melgrad
