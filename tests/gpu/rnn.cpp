// Recurrent layers where the table of operations does not reach: a graph that is differentiated again.
#include "layers/rnn.h"

#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

// cuDNN uses up what forward has kept for backward, so a graph that stays has to have a copy of it.
TEST(RnnOnGpu, ARetainedGraphIsDifferentiatedAgain) {
  for (Device device : {Device::cpu(), Device::cuda()}) {
    Generator values(3);
    LSTM layer(4, 5);
    layer.reset(values);
    layer.to(device);
    Variable x(randn({3, 2, 4}, values).to(device), true);
    Variable loss = sum(square(layer(x)));
    loss.backward({}, true);
    Tensor once = x.grad().clone();
    loss.backward({}, true);
    EXPECT_EQ(difference(x.grad(), once * 2), 0);
    loss.backward();
    EXPECT_EQ(difference(x.grad(), once * 2 + once), 0);
    EXPECT_THROW(loss.backward(), Error);
  }
}

// Sequences of other lengths come between, and the first shape comes again.
TEST(RnnOnGpu, LayersOfManyShapesTakeTurns) {
  Generator values(4);
  GRU layer(3, 4);
  layer.reset(values);
  std::vector<Tensor> expected, inputs;
  for (i64 t : {2, 5, 2, 1, 5}) {
    inputs.push_back(randn({t, 3, 3}, values));
    expected.push_back(layer(Variable(inputs.back())).data().clone());
  }
  layer.to(Device::cuda());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_LE(difference(layer(Variable(inputs[i].to(Device::cuda()))).data(), expected[i]), 1e-6);
}

}  // namespace
}  // namespace melgrad
