// What nets print.
#include "layers/summary.h"

#include <gtest/gtest.h>

#include <sstream>

#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/pool.h"
#include "layers/rnn.h"
#include "tests/error_of.h"
#include "tests/layers/small_net.h"

namespace melgrad {
namespace {

TEST(Summary, CountsParametersAndMultiplyAdds) {
  Small net;
  net.freeze("fc.*");
  Summary summary = summarize(net, {1, 2, 6, 5});
  EXPECT_TRUE(net.training());
  EXPECT_EQ(summary.rows.size(), 4U);
  EXPECT_EQ(summary.rows[0].name, "features.0");
  EXPECT_EQ(summary.rows[0].output, (Shape{1, 4, 6, 5}));
  EXPECT_EQ(summary.rows[0].multiply_adds, 6 * 5 * 4 * 2 * 9);
  EXPECT_EQ(summary.multiply_adds, 6 * 5 * 4 * 2 * 9 + 12);
  EXPECT_EQ(summary.parameters, 99);
  EXPECT_EQ(summary.trainable, 84);
  std::ostringstream text;
  text << summary;
  EXPECT_NE(text.str().find("features.0  Conv2d"), std::string::npos) << text.str();
  EXPECT_THROW(summarize(net, {1, 3, 6, 5}), Error);
  EXPECT_TRUE(net.training());
}

TEST(Summary, ANetIsPrintedWithoutRunning) {
  Small net;
  net.freeze("fc.*");
  std::ostringstream text;
  text << net;
  EXPECT_EQ(text.str(),
            "Small\n\n"
            "layer       type         settings                     parameters\n"
            "features.0  Conv2d       2 -> 4, kernel 3, padding 1          76\n"
            "features.1  BatchNorm2d  4, eps 1e-05, momentum 0.1            8\n"
            "features.2  ReLU                                               0\n"
            "fc          Linear       4 -> 3                               15\n"
            "\nparameters 99, of which trainable 84\n");
}

// The net is as it was, also where its parts were in several modes, and whatever its dtype.
TEST(Summary, LeavesModesAndStatisticsAlone) {
  Small net;
  net.to(Dtype::f64);
  net.features.eval();
  net.fc.set_training(false);
  summarize(net, {3, 2, 6, 5});
  EXPECT_TRUE(net.training());
  EXPECT_FALSE(net.features.training());
  EXPECT_FALSE(net.features[0].training());
  EXPECT_FALSE(net.fc.training());
  net.train();
  summarize(net, {3, 2, 6, 5});
  EXPECT_EQ(net.state_dict().at("features.1.num_batches_tracked").item(), 0);
}

// Own parameters beside children's.
class Scaled final : public Module {
 public:
  Scaled() {
    add_module("fc", fc_);
    add_parameter("scale", scale_, Initial::given);
  }
  std::string type() const override { return "Scaled"; }
  Variable forward(const Variable& x) override { return fc_(x) * scale_; }

 private:
  Linear fc_{1200, 1000};
  Variable scale_{ones({1000}), true};
};

TEST(Summary, AModuleWithParametersOfItsOwnHasARow) {
  Scaled net;
  Summary summary = summarize(net, {2, 1200});
  ASSERT_EQ(summary.rows.size(), 2U);
  EXPECT_EQ(summary.rows[0].name, "fc");
  EXPECT_EQ(summary.rows[1].parameters, 1000);
  EXPECT_EQ(summary.parameters, 1202000);
  std::ostringstream text, shown;
  text << summary;
  shown << net;
  EXPECT_TRUE(contains(text.str(), "1 201 000      2 400 000\n")) << text.str();
  EXPECT_TRUE(contains(shown.str(), "       Scaled                     1 000\n")) << shown.str();
}

TEST(Summary, DetailsNameWhatIsNotTheDefault) {
  EXPECT_EQ(Conv2d(4, 6, 3).details(), "4 -> 6, kernel 3");
  EXPECT_EQ(Conv2d(4, 6, {3, 5}, {.stride = 2, .padding = {1, 2}, .dilation = {1, 3}, .groups = 2},
                   {.bias = false})
                .details(),
            "4 -> 6, kernel 3 × 5, stride 2, padding 1 × 2, dilation 1 × 3, 2 groups, no bias");
  EXPECT_EQ(Conv2d(4, 6, 3, {.padding = 1, .mode = Padding::same}).details(),
            "4 -> 6, kernel 3, padding same");
  EXPECT_EQ(Linear(3, 5).details(), "3 -> 5");
  EXPECT_EQ(Linear(3, 5, {.bias = false}).details(), "3 -> 5, no bias");
  EXPECT_EQ(BatchNorm1d(4, keras_batch_norm).details(), "4, eps 0.001, momentum 0.01");
  EXPECT_EQ(MaxPool2d({2, 3}).details(), "2 × 3, stride 2 × 3");
  EXPECT_EQ(AvgPool2d(3, {.stride = Pair(1, 2), .padding = {0, 1}, .ceil_mode = true}).details(),
            "3 × 3, stride 1 × 2, padding 0 × 1, ceil");
  EXPECT_EQ(MaxPool2d(2, {.mode = Padding::same}).details(), "2 × 2, stride 2 × 2, padding same");
  EXPECT_EQ(AdaptiveAvgPool2d({6, 7}).details(), "to 6 × 7");
  EXPECT_EQ(Dropout(.25).details(), "p 0.25");
  EXPECT_EQ(LeakyReLU().details(), "slope 0.01");
  EXPECT_EQ(Softmax(1).details(), "axis 1");
  EXPECT_EQ(LSTM(2, 3).details(), "2 -> 3");
  EXPECT_EQ(
      GRU(2, 3, {.layers = 2, .bidirectional = true, .batch_first = true, .dropout = .5}).details(),
      "2 -> 3, 2 layers, bidirectional, batch first, dropout 0.5");
}

}  // namespace
}  // namespace melgrad
