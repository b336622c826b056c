#include "optim/sgd.h"

namespace melgrad {
namespace {

OptimizerSettings defaults(const SGDSettings& s) {
  check(s.momentum >= 0 && (!s.nesterov || (s.momentum > 0 && s.dampening == 0)), "sgd",
        "Nesterov needs a momentum and no dampening: momentum {}, dampening {}", s.momentum,
        s.dampening);
  OptimizerSettings o;
  o.lr = s.lr;
  o.weight_decay = s.weight_decay;
  o.momentum = s.momentum;
  o.dampening = s.dampening;
  return o;
}

}  // namespace

SGD::SGD(NamedParameters parameters, const SGDSettings& settings)
    : SGD(std::vector<ParameterGroup>{{std::move(parameters)}}, settings) {}

SGD::SGD(const std::vector<ParameterGroup>& groups, const SGDSettings& settings)
    : Optimizer(groups, defaults(settings), &OptimizerSettings::momentum,
                {settings.momentum > 0 ? "momentum_buffer" : nullptr, nullptr}),
      kind_(settings.nesterov       ? SgdKind::nesterov
            : settings.momentum > 0 ? SgdKind::momentum
                                    : SgdKind::plain) {}

void SGD::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                 OptimizerSettings* settings) {
  backend.sgd(kind_, dtype, slots, settings);
}

}  // namespace melgrad
