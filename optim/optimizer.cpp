#include "optim/optimizer.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace melgrad {
namespace {

using Setting = double OptimizerSettings::*;

constexpr std::pair<const char*, Setting> saved_settings[] = {
    {"lr", &OptimizerSettings::lr},
    {"weight_decay", &OptimizerSettings::weight_decay},
    {"momentum", &OptimizerSettings::momentum},
    {"dampening", &OptimizerSettings::dampening},
    {"beta1", &OptimizerSettings::beta1},
    {"beta2", &OptimizerSettings::beta2},
    {"eps", &OptimizerSettings::eps},
    {"grad_scale", &OptimizerSettings::grad_scale},
};

Tensor to_device(const OptimizerSettings& settings, Device device) {
  Tensor memory = empty({static_cast<i64>(sizeof settings)}, Dtype::u8, device);
  backend(device).copy_from_host(memory.raw(), &settings, sizeof settings);
  return memory;
}

OptimizerSettings from_device(const Tensor& memory) {
  OptimizerSettings settings;
  backend(memory.device()).copy_to_host(&settings, memory.raw(), sizeof settings);
  return settings;
}

// Writes one value beside `step`, which the device counts itself.
void write(Tensor& memory, Setting setting, double value) {
  static const OptimizerSettings layout;
  auto offset =
      reinterpret_cast<const char*>(&(layout.*setting)) - reinterpret_cast<const char*>(&layout);
  backend(memory.device())
      .copy_from_host(static_cast<char*>(memory.raw()) + offset, &value, sizeof value);
}

const Tensor& find(const StateDict& state, const std::string& name) {
  auto found = state.find(name);
  check(found != state.end(), "optimizer", "the state has no '{}'", name);
  return found->second;
}

}  // namespace

Optimizer::Optimizer(const ParameterGroups& parameters, const OptimizerSettings& defaults,
                     Setting momentum, StateNames state_names)
    : momentum_(momentum), state_names_(state_names) {
  std::set<std::string> names;
  for (const ParameterGroup& given : parameters.groups) {
    Group group;
    group.settings = defaults;
    group.settings.lr = given.lr.value_or(defaults.lr);
    group.settings.weight_decay = given.weight_decay.value_or(defaults.weight_decay);
    check(group.settings.lr >= 0 && group.settings.weight_decay >= 0, "optimizer",
          "lr and weight decay are not negative: {}, {}", group.settings.lr,
          group.settings.weight_decay);
    Cohort everyone;
    for (const auto& [name, variable] : given.parameters) {
      check(variable.defined() && variable.is_leaf(), "optimizer", "'{}' is not a leaf variable",
            name);
      check(names.insert(name).second, "optimizer", "parameter '{}' is given twice", name);
      everyone.members.push_back(group.parameters.size());
      group.parameters.push_back({name, variable, {}});
      // Now, not in the first step: it would take memory that the second step counts on.
      if (variable.requires_grad()) make_state(group.parameters.back());
    }
    if (!group.parameters.empty()) {
      everyone.settings = to_device(group.settings, group.parameters.front().variable.device());
      group.cohorts.push_back(std::move(everyone));
    }
    groups_.push_back(std::move(group));
  }
  check(!names.empty(), "optimizer", "there are no parameters");
}

void Optimizer::step() {
  for (Group& group : groups_) {
    separate_idle(group);
    for (Cohort& cohort : group.cohorts) step(group, cohort);
  }
  ++steps_;
}

// Afterwards either all or none of a cohort's parameters have a gradient.
void Optimizer::separate_idle(Group& group) {
  auto has_gradient = [&](std::size_t i) { return group.parameters[i].variable.grad().defined(); };
  for (std::size_t c = 0, count = group.cohorts.size(); c < count; ++c) {
    std::vector<std::size_t>& members = group.cohorts[c].members;
    auto idle = std::stable_partition(members.begin(), members.end(), has_gradient);
    if (idle == members.begin() || idle == members.end()) continue;
    Cohort rest{group.cohorts[c].settings.clone(), {idle, members.end()}};
    members.erase(idle, members.end());
    group.cohorts.push_back(std::move(rest));
  }
}

void Optimizer::step(Group& group, Cohort& cohort) {
  if (!group.parameters[cohort.members.front()].variable.grad().defined()) return;
  Dtype dtype = group.parameters[cohort.members.front()].variable.dtype();
  Device device = cohort.settings.device();
  std::vector<ParameterSlot> slots;
  std::vector<Tensor> kept;  // until the pass is over
  for (std::size_t i : cohort.members) {
    Parameter& parameter = group.parameters[i];
    check(parameter.variable.dtype() == dtype && parameter.variable.device() == device, "optimizer",
          "'{}' has another dtype or device than the group: {}, {} on {}", parameter.name,
          parameter.variable.data(), name_of(dtype), device);
    slots.push_back(slot(parameter, kept));
  }
  update(backend(device), dtype, slots, static_cast<OptimizerSettings*>(cohort.settings.raw()));
}

void Optimizer::make_state(Parameter& parameter) const {
  for (std::size_t s : {0U, 1U})
    if (state_names_[s] && !parameter.state[s].defined())
      parameter.state[s] = zeros_like(parameter.variable.data());
}

ParameterSlot Optimizer::slot(Parameter& parameter, std::vector<Tensor>& kept) const {
  Tensor& w = parameter.variable.mutable_data();
  check(w.is_dense(), "optimizer", "'{}' is not dense in memory: {}", parameter.name, w);
  Tensor g = parameter.variable.grad();
  if (!(g.strides() == w.strides())) g = empty_like(w).copy_(g);  // all arrays in w's order
  ParameterSlot slot{w.raw(), g.raw(), nullptr, nullptr, w.numel()};
  make_state(parameter);
  for (std::size_t s : {0U, 1U}) {
    if (!state_names_[s]) continue;
    const Tensor& state = parameter.state[s];
    check(state.dtype() == w.dtype() && state.strides() == w.strides(), "optimizer",
          "the state of '{}' is {}, the parameter {}", parameter.name, state, w);
    (s == 0 ? slot.state1 : slot.state2) = state.raw();
  }
  kept.push_back(std::move(g));
  return slot;
}

void Optimizer::zero_grad() {
  for (Group& group : groups_)
    for (Parameter& parameter : group.parameters) parameter.variable.zero_grad();
}

Optimizer::Group& Optimizer::checked_group(std::size_t group) {
  check(group < groups_.size(), "optimizer", "there is no group {}, only {}", group,
        groups_.size());
  return groups_[group];
}

void Optimizer::set(std::size_t group, Setting setting, double value) {
  Group& g = checked_group(group);
  g.settings.*setting = value;
  for (Cohort& cohort : g.cohorts) write(cohort.settings, setting, value);
}

double Optimizer::lr(std::size_t group) const { return groups_.at(group).settings.lr; }

void Optimizer::set_lr(std::size_t group, double lr) { set(group, &OptimizerSettings::lr, lr); }

void Optimizer::set_lr(double lr) {
  for (std::size_t g = 0; g < groups_.size(); ++g) set_lr(g, lr);
}

double Optimizer::momentum(std::size_t group) const {
  return groups_.at(group).settings.*momentum_;
}

void Optimizer::set_momentum(std::size_t group, double momentum) {
  set(group, momentum_, momentum);
}

void Optimizer::set_grad_scale(double scale) {
  for (std::size_t g = 0; g < groups_.size(); ++g) set(g, &OptimizerSettings::grad_scale, scale);
}

StateDict Optimizer::state_dict() const {
  StateDict state;
  state["steps"] = scalar(static_cast<double>(steps_), Dtype::f64);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    for (auto [name, setting] : saved_settings)
      state[format("group.{}.{}", g, name)] = scalar(group.settings.*setting, Dtype::f64);
    for (const Cohort& cohort : group.cohorts) {
      double step = from_device(cohort.settings).step;
      for (std::size_t i : cohort.members) {
        const Parameter& parameter = group.parameters[i];
        state[parameter.name + ".step"] = scalar(step, Dtype::f64);
        for (std::size_t s : {0U, 1U})
          if (step > 0 && state_names_[s])
            state[parameter.name + "." + state_names_[s]] = parameter.state[s].clone();
      }
    }
  }
  return state;
}

void Optimizer::load_state_dict(const StateDict& state) {
  std::vector<Group> loaded = groups_;  // assigned only when all of it is right
  std::size_t used = 1;
  for (std::size_t g = 0; g < loaded.size(); ++g) {
    Group& group = loaded[g];
    for (auto [name, setting] : saved_settings) {
      group.settings.*setting = find(state, format("group.{}.{}", g, name)).item();
      ++used;
    }
    std::map<double, std::vector<std::size_t>> by_step;
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      Parameter& parameter = group.parameters[i];
      double step = find(state, parameter.name + ".step").item();
      by_step[step].push_back(i);
      ++used;
      for (std::size_t s : {0U, 1U}) {
        parameter.state[s] = {};
        if (!state_names_[s] || step == 0) continue;
        const Tensor& w = parameter.variable.data();
        const Tensor& value = find(state, parameter.name + "." + state_names_[s]);
        check(value.shape() == w.shape() && value.dtype() == w.dtype(), "optimizer",
              "state '{}.{}' is {}, the parameter {}", parameter.name, state_names_[s], value, w);
        parameter.state[s] = empty_like(w).copy_(value.to(w.device()));
        ++used;
      }
    }
    group.cohorts.clear();
    for (auto& [step, members] : by_step) {
      OptimizerSettings settings = group.settings;
      settings.step = step;
      Device device = group.parameters[members.front()].variable.device();
      group.cohorts.push_back({to_device(settings, device), members});
    }
  }
  double steps = find(state, "steps").item();
  check(used == state.size(), "optimizer",
        "the state has {} entries, of which this optimiser knows {}", state.size(), used);
  groups_ = std::move(loaded);
  steps_ = static_cast<i64>(steps);
}

}  // namespace melgrad
