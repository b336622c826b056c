#include <gtest/gtest.h>

#include "kernels/cuda/runtime/devices.h"
#include "kernels/cudasim/stream.h"
#include "layers/models/registry.h"
#include "optim/adam.h"
#include "tensor/random.h"

// How many launches, copies and library calls a training step gives the GPU: each costs the host some microseconds, in
// which a small net's step is over.
namespace melgrad {
namespace {

/// Of a step's parts, from the second step on, when nothing is made for the first time any more.
struct Submissions {
  i64 forward, loss, backward, optimizer;
};

struct Net {
  const char* name;
  Shape pictures;
  Submissions most;
};
void PrintTo(const Net& net, std::ostream* out) { *out << net.name; }

Submissions submissions_of(const Net& row) {
  const Shape& all = row.pictures;
  Generator generator(1), masks(2, Device::cuda());
  auto net = make_net(row.name, all.rank() == 2 ? Shape{all[1]} : Shape{all[1], all[2], all[3]}, 4);
  net->reset(generator);
  net->set_generator(masks);
  net->to(Device::cuda());
  Adam optimizer(net->parameters());
  Tensor inputs = rand(all, generator);
  Variable x = (all.rank() == 4 ? inputs.channels_last() : inputs).to(Device::cuda());
  Tensor target = randint(0, 4, {all[0]}, generator).to(Device::cuda());
  Submissions counted{};
  auto step = [&] {
    i64 before = sim::submissions();
    auto part = [&](i64& count) {
      count = sim::submissions() - before;
      before += count;
    };
    optimizer.zero_grad();
    Variable logits = (*net)(x);
    part(counted.forward);
    Variable loss = cross_entropy(logits, target);
    part(counted.loss);
    loss.backward();
    part(counted.backward);
    optimizer.step();
    part(counted.optimizer);
  };
  step();
  record_on_gpu(0, step);  // submits the same, but nothing is computed
  return counted;
}

class SubmissionsOnGpu : public testing::TestWithParam<Net> {};

TEST_P(SubmissionsOnGpu, AreNoMoreThanTheseInAStep) {
  Submissions counted = submissions_of(GetParam()), most = GetParam().most;
  EXPECT_LE(counted.forward, most.forward);
  EXPECT_LE(counted.loss, most.loss);
  EXPECT_LE(counted.backward, most.backward);
  EXPECT_LE(counted.optimizer, most.optimizer);
}

INSTANTIATE_TEST_SUITE_P(Nets, SubmissionsOnGpu,
                         testing::Values(Net{"base_cnn", {4, 3, 64, 64}, {24, 1, 31, 2}},
                                         Net{"deep_cnn", {2, 3, 32, 32}, {58, 1, 73, 2}},
                                         Net{"cnn_rnn", {2, 3, 64, 64}, {25, 1, 35, 2}},
                                         Net{"cnn_lstm", {2, 3, 64, 64}, {38, 1, 47, 2}},
                                         Net{"logistic", {2, 3, 16, 16}, {3, 1, 4, 2}},
                                         Net{"mlp1", {2, 3, 16, 16}, {6, 1, 8, 2}},
                                         Net{"mlp2", {2, 3, 16, 16}, {9, 1, 12, 2}},
                                         Net{"convpool", {2, 3, 118, 118}, {38, 1, 46, 2}},
                                         Net{"convconvpool", {2, 3, 32, 40}, {28, 1, 37, 2}},
                                         Net{"mfcc_basic", {2, 1, 24, 13}, {26, 1, 34, 2}},
                                         Net{"mfcc_deeper", {2, 1, 24, 13}, {38, 1, 50, 2}},
                                         Net{"dnn", {2, 1, 24, 13}, {20, 1, 19, 2}},
                                         Net{"cnn1", {2, 1, 24, 13}, {11, 1, 24, 2}},
                                         Net{"cnn2", {2, 1, 24, 13}, {35, 1, 37, 2}},
                                         Net{"spotify_logistic", {2, 21}, {2, 1, 4, 2}},
                                         Net{"spotify_dense", {2, 21}, {8, 1, 12, 2}},
                                         Net{"resnet34", {2, 3, 32, 32}, {184, 1, 218, 2}},
                                         Net{"resnet50", {2, 3, 32, 32}, {269, 1, 303, 2}},
                                         Net{"resnetrs50", {2, 3, 32, 32}, {398, 1, 525, 2}},
                                         Net{"vgg16_bn_fastai", {2, 3, 32, 32}, {86, 1, 101, 2}},
                                         Net{"alexnet_fastai", {2, 3, 63, 63}, {29, 1, 43, 2}}),
                         [](const auto& net) { return net.param.name; });

}  // namespace
}  // namespace melgrad
