#include "layers/fusion.h"

#include "autograd/autocast.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

thread_local const Module* joining = nullptr;

/// While it lives, joins_layer_before(layer).
struct Joining {
  explicit Joining(const Module* layer) { joining = layer; }
  Joining(const Joining&) = delete;
  Joining& operator=(const Joining&) = delete;
  ~Joining() { joining = nullptr; }
};

Shape sample_of(const Variable& x) {
  Shape shape = x.shape();
  if (!shape.empty()) shape.erase(0);
  return shape;
}

bool fuses(Fusion fusion, const Variable& x, Dtype dtype) {
  return backend(x.device()).fuses(fusion, dtype);
}

}  // namespace

bool joins_layer_before(const Module& layer) { return joining == &layer; }

Chain::Chain(std::initializer_list<Module*> layers) : layers_(layers) {}

void Chain::add(Module& layer) {
  layers_.push_back(&layer);
  plan_ = nullptr;
}

Variable Chain::operator()(const Variable& x) {
  if (ForwardHook::any()) return run_apart(x);
  std::shared_ptr<const Plan> plan;
  {
    std::lock_guard lock(mutex_);
    plan = plan_;
  }
  if (!plan || !plan->is_for(x)) return run_and_plan(x);
  Variable y = x;
  for (const Step& step : plan->steps) y = step.run(y);
  return y;
}

// What a layer gets is known when the one before it has run.
Variable Chain::run_and_plan(const Variable& x) {
  auto plan = std::make_shared<Plan>(x);
  Variable y = x;
  for (std::size_t i = 0; i < layers_.size(); i += plan->steps.back().layers) {
    plan->steps.push_back(step_at(i, y));
    y = plan->steps.back().run(y);
  }
  std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  ++plans_made_;
  return y;
}

Variable Chain::run_apart(const Variable& x) const {
  Variable y = x;
  std::size_t next = 0;  // first layer of the next step
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    bool joins = i < next;
    if (!joins) next = i + step_at(i, y).layers;
    Joining guard(joins ? layers_[i] : nullptr);
    y = (*layers_[i])(y);
  }
  return y;
}

Variable add_relu(BatchNorm& norm, ReLU& relu, const Variable& x, const Variable& shortcut) {
  bool one = fuses(Fusion::batch_norm_add_relu, x, x.dtype()) && x.dtype() == shortcut.dtype() &&
             x.shape() == shortcut.shape();
  if (one && !ForwardHook::any())
    return norm.within([&] { return norm.forward_add_relu(x, shortcut); });
  Variable sum = norm(x) + shortcut;
  Joining guard(one ? &relu : nullptr);
  return relu(sum);
}

Chain::Plan::Plan(const Variable& x)
    : sample(sample_of(x)), dtype(x.dtype()), autocast(autocast_dtype()), device(x.device()) {}

bool Chain::Plan::is_for(const Variable& x) const {
  return dtype == x.dtype() && autocast == autocast_dtype() && device == x.device() &&
         sample == sample_of(x);
}

template <class Layer>
Layer* Chain::layer_at(std::size_t i) const {
  return i < layers_.size() ? dynamic_cast<Layer*>(layers_[i]) : nullptr;
}

// Layer i and those after it that join it. x is what layer i gets.
Chain::Step Chain::step_at(std::size_t i, const Variable& x) const {
  Module* layer = layers_[i];
  auto* conv = layer_at<Conv2d>(i);
  auto* norm = layer_at<BatchNorm>(i);
  auto* pool = layer_at<MaxPool2d>(i + 2);
  // Convolutions get what Autocast makes of x, batch norm x as it is.
  Dtype lowered = x.dtype() == Dtype::f32 ? autocast_dtype() : x.dtype();
  auto step = [layer](std::size_t layers, auto run) {
    return Step{layers,
                [=](const Variable& input) { return layer->within([&] { return run(input); }); }};
  };
  if (layer_at<ReLU>(i + 1)) {
    if (conv && fuses(Fusion::conv_relu, x, lowered))
      return step(2, [=](const Variable& input) { return conv->forward_relu(input); });
    if (norm && pool && pool->tiles(x) && fuses(Fusion::batch_norm_relu_max_pool, x, x.dtype()))
      return step(3, [=](const Variable& input) {
        return norm->forward_relu_max_pool(input, pool->kernel());
      });
    if (norm && fuses(Fusion::batch_norm_relu, x, x.dtype()))
      return step(2, [=](const Variable& input) { return norm->forward_relu(input); });
  }
  return {1, [layer](const Variable& input) { return (*layer)(input); }};
}

}  // namespace melgrad
