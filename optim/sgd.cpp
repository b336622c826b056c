#include "optim/sgd.h"

namespace melgrad {
namespace {

const SGDSettings& checked(const SGDSettings& s) {
  check(s.momentum >= 0 && (!s.nesterov || (s.momentum > 0 && s.dampening == 0)), "sgd",
        "Nesterov needs a momentum and no dampening: momentum {}, dampening {}", s.momentum,
        s.dampening);
  return s;
}

}  // namespace

SGD::SGD(const ParameterGroups& groups, const SGDSettings& settings)
    : Optimizer(groups, for_kernel(checked(settings)), &OptimizerSettings::momentum,
                {settings.momentum > 0 ? "momentum_buffer" : nullptr, nullptr}),
      kind_(settings.nesterov       ? SgdKind::nesterov
            : settings.momentum > 0 ? SgdKind::momentum
                                    : SgdKind::plain) {}

void SGD::update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                 OptimizerSettings* settings) {
  backend.sgd(kind_, dtype, slots, settings);
}

}  // namespace melgrad
