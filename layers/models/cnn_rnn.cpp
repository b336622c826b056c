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
  explicit CnnRecurrent(i64 classes) : classifier_(hidden, classes) {
    add_base_features(features_);
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
  Layer rnn_{128 * 8, hidden};
  Linear classifier_;
};

}  // namespace

std::unique_ptr<Module> cnn_rnn(i64 classes) {
  return std::make_unique<CnnRecurrent<RNN>>(classes);
}

std::unique_ptr<Module> cnn_lstm(i64 classes) {
  return std::make_unique<CnnRecurrent<LSTM>>(classes);
}

}  // namespace melgrad
