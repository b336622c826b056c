#include "layers/models/cnn_rnn.h"

#include "layers/linear.h"
#include "layers/models/base_cnn.h"
#include "layers/rnn.h"
#include "layers/sequential.h"

namespace melgrad {
namespace {

template <class Layer>
class CnnRecurrent final : public Module {
 public:
  CnnRecurrent(const Shape& input, i64 classes)
      : rnn_(128 * (input[1] / 8), hidden), classifier_(hidden, classes) {
    add_base_features(features_, input[0]);
    add_module("features", features_);
    add_module("rnn", rnn_);
    add_module("classifier", classifier_);
  }
  std::string type() const override { return "Cnn" + rnn_.type(); }

  Variable forward(const Variable& x) override {
    Variable columns = flatten(permute(features_(x), {3, 0, 1, 2}), 2);  // (W, N, C·H)
    return classifier_(select(rnn_(columns), 0, -1));
  }

 private:
  static constexpr i64 hidden = 128;

  Sequential features_;
  Layer rnn_;
  Linear classifier_;
};

}  // namespace

std::unique_ptr<Module> cnn_rnn(const Shape& input, i64 classes) {
  return std::make_unique<CnnRecurrent<RNN>>(input, classes);
}

std::unique_ptr<Module> cnn_lstm(const Shape& input, i64 classes) {
  return std::make_unique<CnnRecurrent<LSTM>>(input, classes);
}

}  // namespace melgrad
