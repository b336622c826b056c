#include "optim/rmsprop.h"

namespace melgrad {
namespace {

OptimizerSettings defaults(const RMSpropSettings& s) {
  check(s.alpha >= 0 && s.alpha < 1 && s.eps >= 0 && s.momentum >= 0, "rmsprop",
        "alpha is in [0, 1), eps and momentum are not negative: {}, {}, {}", s.alpha, s.eps,
        s.momentum);
  OptimizerSettings o;
  o.lr = s.lr;
  o.weight_decay = s.weight_decay;
  o.momentum = s.momentum;
  o.beta2 = s.alpha;
  o.eps = s.eps;
  return o;
}

}  // namespace

RMSprop::RMSprop(NamedParameters parameters, const RMSpropSettings& settings)
    : RMSprop(std::vector<ParameterGroup>{{std::move(parameters)}}, settings) {}

RMSprop::RMSprop(const std::vector<ParameterGroup>& groups, const RMSpropSettings& settings)
    : Optimizer(groups, defaults(settings), &OptimizerSettings::momentum,
                {"square_avg", settings.momentum > 0 ? "momentum_buffer" : nullptr}) {}

void RMSprop::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                     OptimizerSettings* settings) {
  backend.rmsprop(dtype, slots, settings);
}

}  // namespace melgrad
