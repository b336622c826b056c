#include "optim/rmsprop.h"

namespace melgrad {
namespace {

const RMSpropSettings& checked(const RMSpropSettings& s) {
  check(s.alpha >= 0 && s.alpha < 1 && s.eps >= 0 && s.momentum >= 0, "rmsprop",
        "alpha is in [0, 1), eps and momentum are not negative: {}, {}, {}", s.alpha, s.eps,
        s.momentum);
  return s;
}

}  // namespace

RMSprop::RMSprop(const ParameterGroups& groups, const RMSpropSettings& settings)
    : Optimizer(groups, for_kernel(checked(settings)), &OptimizerSettings::momentum,
                {"square_avg", settings.momentum > 0 ? "momentum_buffer" : nullptr}) {}

void RMSprop::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                     OptimizerSettings* settings) {
  backend.rmsprop(dtype, slots, settings);
}

}  // namespace melgrad
