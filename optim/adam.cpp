#include "optim/adam.h"

namespace melgrad {
namespace {

template <class Settings>
const Settings& checked(const Settings& s) {
  check(s.beta1 >= 0 && s.beta1 < 1 && s.beta2 >= 0 && s.beta2 < 1 && s.eps >= 0, "adam",
        "betas are in [0, 1), eps is not negative: {}, {}, {}", s.beta1, s.beta2, s.eps);
  return s;
}

}  // namespace

Adam::Adam(const ParameterGroups& groups, const AdamSettings& settings)
    : Optimizer(groups, for_kernel(checked(settings)), &OptimizerSettings::beta1,
                {"exp_avg", "exp_avg_sq"}) {}

AdamW::AdamW(const ParameterGroups& groups, const AdamWSettings& settings)
    : Optimizer(groups, for_kernel(checked(settings)), &OptimizerSettings::beta1,
                {"exp_avg", "exp_avg_sq"}) {}

void Adam::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                  OptimizerSettings* settings) {
  backend.adam(AdamKind::coupled, dtype, slots, settings);
}

void AdamW::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                   OptimizerSettings* settings) {
  backend.adam(AdamKind::decoupled, dtype, slots, settings);
}

}  // namespace melgrad
