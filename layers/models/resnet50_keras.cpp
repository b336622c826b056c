#include "layers/models/resnet50_keras.h"

#include <deque>
#include <optional>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/models/convpool.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

// The bottleneck of figure 5: y = ReLU(F(x) + x), F = 1×1 -> BN -> ReLU -> 3×3 -> BN -> ReLU -> 1×1
// -> BN. Where F changes the shape, x goes through a 1×1 convolution and batch norm of its own.
struct Block {
  struct Projection {
    Projection(i64 in, i64 out, i64 stride)
        : conv(in, out, 1, {.stride = stride}, keras_weights), bn(out, keras_batch_norm) {}
    Conv2d conv;
    BatchNorm2d bn;
  };

  Block(i64 in, i64 width, i64 stride)
      : conv_a(in, width, 1, {.stride = stride}, keras_weights),
        conv_b(width, width, 3, {.padding = 1}, keras_weights),
        conv_c(width, 4 * width, 1, {}, keras_weights),
        bn_a(width, keras_batch_norm),
        bn_b(width, keras_batch_norm),
        bn_c(4 * width, keras_batch_norm) {
    if (in != 4 * width) projection.emplace(in, 4 * width, stride);
  }
  Variable operator()(const Variable& x) {
    return add_relu(bn_c, relu_c, f(x), projection ? projection->bn(projection->conv(x)) : x);
  }

  Conv2d conv_a, conv_b, conv_c;
  BatchNorm2d bn_a, bn_b, bn_c;
  ReLU relu_a, relu_b, relu_c;
  std::optional<Projection> projection;
  Chain f{&conv_a, &bn_a, &relu_a, &conv_b, &bn_b, &relu_b, &conv_c};  // and bn_c, before the sum
};

class ResNet50Keras final : public Module {
 public:
  ResNet50Keras(const Shape& input, i64 classes)
      : conv1_(input[0], 64, 7, {.stride = 2, .padding = 3}, keras_weights) {
    add_module("conv1", conv1_);
    add_module("bn_conv1", bn_conv1_);
    add_activation(relu_);
    add_module("max_pooling2d_1", max_pool_);
    add_stage(2, 64, 3);
    add_stage(3, 128, 4);
    add_stage(4, 256, 6);
    add_stage(5, 512, 3);
    add_module("avg_pool", avg_pool_);
    Pair size = windows(windows({input[1] + 6, input[2] + 6}, 7, 2), 3, 2);
    size = windows(halved(halved(halved(size))), 7, 7);  // stages 3, 4, 5; the average pooling
    add_dense_head(classifier_, 2048 * size.h * size.w, classes);
    add_module("classifier", classifier_);
  }
  std::string type() const override { return "ResNet50Keras"; }
  Variable forward(const Variable& x) override {
    Variable y = stem_(x);
    for (Block& block : blocks_) y = block(y);
    return classifier_(avg_pool_(y));
  }

 private:
  void add_activation(ReLU& relu) { add_module(format("activation_{}", ++activations_), relu); }

  // Blocks "a", "b" …, the first with stride 2, but in stage 2, which the pooling stands before.
  void add_stage(int stage, i64 width, int blocks) {
    for (int i = 0; i < blocks; ++i) {
      bool first = i == 0;
      i64 in = first && stage == 2 ? 64 : first ? 2 * width : 4 * width;
      add_block(format("{}{}_branch", stage, static_cast<char>('a' + i)),
                blocks_.emplace_back(in, width, first && stage > 2 ? 2 : 1));
    }
  }

  void add_block(const std::string& name, Block& block) {
    add_module("res" + name + "2a", block.conv_a);
    add_module("bn" + name + "2a", block.bn_a);
    add_activation(block.relu_a);
    add_module("res" + name + "2b", block.conv_b);
    add_module("bn" + name + "2b", block.bn_b);
    add_activation(block.relu_b);
    add_module("res" + name + "2c", block.conv_c);
    add_module("bn" + name + "2c", block.bn_c);
    if (block.projection) {
      add_module("res" + name + "1", block.projection->conv);
      add_module("bn" + name + "1", block.projection->bn);
    }
    add_activation(block.relu_c);
  }

  Conv2d conv1_;
  BatchNorm2d bn_conv1_{64, keras_batch_norm};
  ReLU relu_;
  MaxPool2d max_pool_{3, {.stride = 2}};
  Chain stem_{&conv1_, &bn_conv1_, &relu_, &max_pool_};
  std::deque<Block> blocks_;  // a block stays where it is
  AvgPool2d avg_pool_{7};
  Sequential classifier_;
  int activations_ = 0;
};

}  // namespace

std::unique_ptr<Module> resnet50_keras(const Shape& input, i64 classes) {
  return std::make_unique<ResNet50Keras>(input, classes);
}

}  // namespace melgrad
