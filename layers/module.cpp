#include "layers/module.h"

#include "autograd/scope.h"

namespace melgrad {
namespace {

thread_local ForwardHook* innermost_hook = nullptr;

std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

std::string list(std::string_view title, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::string text = format("\n  {} ({}):", title, names.size());
  for (const std::string& name : names) text += " " + name;
  return text;
}

}  // namespace

Variable Module::operator()(const Variable& x) {
  return within([&] {
    Variable y = forward(x);
    for (ForwardHook* hook = innermost_hook; hook; hook = hook->outer_) hook->call_(*this, x, y);
    return y;
  });
}

Variable Module::within(const std::function<Variable()>& compute) {
  if (training_ && !drawn_ && grad_enabled()) check_drawn();
  Scope scope(name_);
  try {
    return compute();
  } catch (const Error& error) {
    std::string path = Scope::path();
    rethrow_from(path.empty() ? type() : path, error);
  }
}

i64 Module::multiply_adds(const Shape&, const Shape&) const { return 0; }

// Calls visit(prefix, module) for this module and all below, parents first.
template <class Visit>
void Module::each(const std::string& prefix, Visit&& visit) const {
  visit(prefix, *this);
  for (const auto& [name, child] : children_) child->each(join(prefix, name), visit);
}

void Module::train(bool on) {
  training_ = on;
  for (auto& [name, child] : children_) child->train(on);
}

Named<Variable> Module::parameters() const {
  Named<Variable> all;
  each("", [&](const std::string& prefix, const Module& module) {
    for (const Parameter& parameter : module.parameters_)
      all.emplace_back(join(prefix, parameter.name), *parameter.variable);
  });
  return all;
}

Named<Tensor> Module::buffers() const {
  Named<Tensor> all;
  each("", [&](const std::string& prefix, const Module& module) {
    for (const Buffer& buffer : module.buffers_)
      all.emplace_back(join(prefix, buffer.name), *buffer.tensor);
  });
  return all;
}

Named<const Module*> Module::modules() const {
  Named<const Module*> all;
  each("",
       [&](const std::string& prefix, const Module& module) { all.emplace_back(prefix, &module); });
  return all;
}

Named<Module*> Module::modules() {
  Named<Module*> all;
  for (auto& [name, module] : std::as_const(*this).modules())
    all.emplace_back(name, const_cast<Module*>(module));  // *this is not const
  return all;
}

i64 Module::parameter_count(bool trainable_only) const {
  i64 count = 0;
  for (const auto& [name, parameter] : parameters())
    if (!trainable_only || parameter.requires_grad()) count += parameter.numel();
  return count;
}

i64 Module::own_parameter_count() const {
  i64 count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.variable->numel();
  return count;
}

StateDict Module::state_dict() const {
  StateDict state;
  for (const auto& [name, parameter] : parameters()) state[name] = parameter.data();
  for (const auto& [name, buffer] : buffers()) state[name] = buffer;
  return state;
}

Module::LoadReport Module::load_state_dict(const StateDict& state, bool strict) {
  StateDict own = state_dict();
  each("", [&](const std::string& prefix, const Module& module) {
    for (const Buffer& buffer : module.buffers_)
      if (std::string name = join(prefix, buffer.name);
          buffer.absent == Absent::kept && !state.contains(name))
        own.erase(name);
  });
  LoadReport report;
  std::vector<std::string> misshapen;
  for (const auto& [name, tensor] : own) {
    auto given = state.find(name);
    if (given == state.end()) {
      report.missing.push_back(name);
    } else if (!(given->second.shape() == tensor.shape())) {
      misshapen.push_back(format("{} is {}, not {};", name, given->second.shape(), tensor.shape()));
    }
  }
  for (const auto& [name, tensor] : state)
    if (!own.contains(name)) report.unexpected.push_back(name);

  bool names_agree = report.missing.empty() && report.unexpected.empty();
  if (!misshapen.empty() || (strict && !names_agree))
    fail("load_state_dict", "the state is not that of this {}:{}{}{}", type(),
         list("missing", report.missing), list("unexpected", report.unexpected),
         list("wrong shape", misshapen));

  for (auto& [name, tensor] : own)
    if (auto given = state.find(name); given != state.end())
      tensor.copy_(given->second.to(tensor.device()));
  return report;
}

bool Module::Parameter::is_undrawn() const {
  return undrawn.get().defined() && undrawn.get().shares_storage(variable->data()) &&
         undrawn.unchanged();
}

// A forgotten reset() would train zeros without a word, and get nowhere.
void Module::check_drawn() {
  std::string layer;  // the first
  std::vector<std::string> names;
  each(join(Scope::path(), name_), [&](const std::string& path, const Module& module) {
    for (const Parameter& parameter : module.parameters_) {
      if (!parameter.is_undrawn()) continue;
      if (names.empty()) layer = module.type() + (path.empty() ? "" : " '" + path + "'");
      names.push_back(join(path, parameter.name));
    }
  });
  if (!names.empty())
    fail("module",
         "{} was never initialised: call reset(generator) or load_state_dict() before training; "
         "eval() is enough to look at shapes{}",
         layer, list("neither drawn nor loaded", names));
  for (auto& [name, module] : modules()) module->drawn_ = true;
}

void Module::reset(Generator& generator) {
  for (auto& [name, child] : children_) child->reset(generator);
  generator_ = generator;
  reset_parameters(generator);
  for (Parameter& parameter : parameters_) parameter.undrawn.release();
}

void Module::set_generator(const Generator& generator) {
  generator_ = generator;
  for (auto& [name, child] : children_) child->set_generator(generator);
}

std::size_t Module::freeze(const std::string& pattern, bool frozen) {
  std::size_t matched = 0;
  for (auto& [name, parameter] : parameters()) {
    if (!matches_glob(pattern, name)) continue;
    parameter.zero_grad();
    parameter.set_requires_grad(!frozen);
    ++matched;
  }
  return matched;
}

template <class Convert>
void Module::convert_parameters(Convert convert) {
  for (auto& [name, module] : modules()) {
    for (Parameter& parameter : module->parameters_) {
      bool undrawn = parameter.is_undrawn();
      Variable& variable = *parameter.variable;
      variable.zero_grad();
      variable.mutable_data() = convert(variable.data());
      parameter.undrawn = undrawn ? variable.data() : Tensor();
    }
  }
}

void Module::to(Device device) {
  convert_parameters([&](const Tensor& x) { return x.to(device); });
  for (auto& [name, module] : modules())
    for (const Buffer& buffer : module->buffers_) *buffer.tensor = buffer.tensor->to(device);
}

void Module::to(Dtype dtype) {
  check(is_floating(dtype), "module", "parameters cannot be {}", name_of(dtype));
  convert_parameters([&](const Tensor& x) { return x.to(dtype); });
  for (auto& [name, module] : modules())
    for (const Buffer& buffer : module->buffers_)
      if (is_floating(buffer.tensor->dtype()))
        *buffer.tensor = buffer.tensor->to(compute_dtype(dtype));
}

void Module::zero_grad() {
  for (auto& [name, parameter] : parameters()) parameter.zero_grad();
}

void Module::add_module(const std::string& name, Module& child) {
  child.name_ = name;
  children_.emplace_back(name, &child);
}

void Module::add_parameter(const std::string& name, Variable& parameter, Initial initial) {
  parameters_.push_back({name, &parameter, {}});
  if (initial == Initial::undrawn) parameters_.back().undrawn = parameter.data();
}

void Module::add_buffer(const std::string& name, Tensor& buffer, Absent absent) {
  buffers_.push_back({name, &buffer, absent});
}

void Module::reset_parameters(Generator&) {}

Generator& Module::generator() {
  check(generator_.has_value(), "module",
        "{} needs random numbers: call reset(generator) or set_generator(generator) first", type());
  return *generator_;
}

ForwardHook::ForwardHook(Call call) : call_(std::move(call)), outer_(innermost_hook) {
  innermost_hook = this;
}
ForwardHook::~ForwardHook() { innermost_hook = outer_; }
bool ForwardHook::any() { return innermost_hook != nullptr; }

bool matches_glob(const std::string& pattern, const std::string& text) {
  // After a mismatch, the last * takes one character more.
  std::size_t p = 0, t = 0, star = std::string::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string::npos;
}

}  // namespace melgrad
