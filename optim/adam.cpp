#include "optim/adam.h"

namespace melgrad {
namespace {

OptimizerSettings optimizer_settings(const AdamSettings& s) {
  check(s.beta1 >= 0 && s.beta1 < 1 && s.beta2 >= 0 && s.beta2 < 1 && s.eps >= 0, "adam",
        "betas are in [0, 1), eps is not negative: {}, {}, {}", s.beta1, s.beta2, s.eps);
  OptimizerSettings o;
  o.lr = s.lr;
  o.weight_decay = s.weight_decay;
  o.beta1 = s.beta1;
  o.beta2 = s.beta2;
  o.eps = s.eps;
  return o;
}

std::vector<ParameterGroup> one_group(NamedParameters parameters) {
  return {{std::move(parameters)}};
}

}  // namespace

Adam::Adam(AdamKind kind, const std::vector<ParameterGroup>& groups, const AdamSettings& settings)
    : Optimizer(groups, optimizer_settings(settings), &OptimizerSettings::beta1,
                {"exp_avg", "exp_avg_sq"}),
      kind_(kind) {}

Adam::Adam(NamedParameters parameters, const AdamSettings& settings)
    : Adam(AdamKind::coupled, one_group(std::move(parameters)), settings) {}

Adam::Adam(const std::vector<ParameterGroup>& groups, const AdamSettings& settings)
    : Adam(AdamKind::coupled, groups, settings) {}

AdamW::AdamW(NamedParameters parameters, const AdamSettings& settings)
    : Adam(AdamKind::decoupled, one_group(std::move(parameters)), settings) {}

AdamW::AdamW(const std::vector<ParameterGroup>& groups, const AdamSettings& settings)
    : Adam(AdamKind::decoupled, groups, settings) {}

void Adam::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                  OptimizerSettings* settings) {
  backend.adam(kind_, dtype, slots, settings);
}

}  // namespace melgrad
