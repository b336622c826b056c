#pragma once
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"

namespace melgrad {

using StateDict = std::map<std::string, Tensor>;
/// Module::parameters()
using NamedParameters = std::vector<std::pair<std::string, Variable>>;

/// Parameters with a learning rate and weight decay of their own, where given.
struct ParameterGroup {
  NamedParameters parameters;
  std::optional<double> lr = {}, weight_decay = {};
};
/// What an optimiser is made from: groups, or the parameters of one.
struct ParameterGroups {
  std::vector<ParameterGroup> groups;
  // NOLINTNEXTLINE(google-explicit-constructor): Adam(net.parameters()) is what one wants to write
  ParameterGroups(NamedParameters parameters) : groups{{std::move(parameters)}} {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  ParameterGroups(std::vector<ParameterGroup> several) : groups(std::move(several)) {}
};

/// An optimiser's settings as its kernel reads them. RMSprop's alpha is Adam's beta2.
template <class Settings>
OptimizerSettings for_kernel(const Settings& s) {
  OptimizerSettings o{.lr = s.lr, .weight_decay = s.weight_decay};
  if constexpr (requires { s.momentum; }) o.momentum = s.momentum;
  if constexpr (requires { s.dampening; }) o.dampening = s.dampening;
  if constexpr (requires { s.beta1; }) o.beta1 = s.beta1;
  if constexpr (requires { s.beta2; }) o.beta2 = s.beta2;
  if constexpr (requires { s.alpha; }) o.beta2 = s.alpha;
  if constexpr (requires { s.eps; }) o.eps = s.eps;
  return o;
}

/// Updates parameters from their gradients, all of them in one pass over memory. A parameter
/// without gradient is left alone, and the steps it took are counted for it alone, as in PyTorch.
class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer() = default;

  void step();
  void zero_grad();
  /// Calls of step() so far.
  i64 steps() const { return steps_; }
  /// After a replay of a recorded step (kernels/step_graph.h), of which the device alone knows.
  void count_replay() { ++steps_; }

  std::size_t group_count() const { return groups_.size(); }
  double lr(std::size_t group = 0) const;
  void set_lr(double lr);  // every group
  void set_lr(std::size_t group, double lr);
  /// SGD's and RMSprop's momentum, Adam's beta1.
  double momentum(std::size_t group = 0) const;
  void set_momentum(std::size_t group, double momentum);
  /// Gradients are multiplied by this first: 1 / loss scale.
  void set_grad_scale(double scale);

  /// Everything that step() depends on, numbers as 0-d f64 tensors, so that a run resumed from it
  /// equals the uninterrupted one bit for bit. Copies: it does not change with the next step.
  StateDict state_dict() const;
  /// Throws Error unless the names and shapes are this optimiser's.
  void load_state_dict(const StateDict& state);

 protected:
  using Setting = double OptimizerSettings::*;
  using StateNames = std::array<const char*, 2>;  // of ParameterSlot::state1, state2; null: unused
  Optimizer(const ParameterGroups& parameters, const OptimizerSettings& defaults, Setting momentum,
            StateNames state_names);
  virtual void update(Backend& backend, Dtype dtype, std::span<const ParameterSlot> slots,
                      OptimizerSettings* settings) = 0;

 private:
  struct Parameter {
    std::string name;
    Variable variable;
    std::array<Tensor, 2> state;
  };
  // Parameters of a group that have taken the same steps share one OptimizerSettings on the device:
  // Adam's bias correction and SGD's first step depend on the number of steps.
  struct Cohort {
    Tensor settings;
    std::vector<std::size_t> members;
  };
  struct Group {
    OptimizerSettings settings;  // `step` is the cohorts'
    std::vector<Parameter> parameters;
    std::vector<Cohort> cohorts;
  };

  void set(std::size_t group, Setting setting, double value);
  void separate_idle(Group& group);
  void step(Group& group, Cohort& cohort);
  void make_state(Parameter& parameter) const;
  ParameterSlot slot(Parameter& parameter, std::vector<Tensor>& kept) const;
  Group& checked_group(std::size_t group);

  std::vector<Group> groups_;
  Setting momentum_;
  StateNames state_names_;
  i64 steps_ = 0;
};

}  // namespace melgrad
