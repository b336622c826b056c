#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <vector>

#include "layers/module.h"

namespace melgrad {

class BatchNorm;
class ReLU;

/// Layers one after the other. Neighbours run as one where the backend has an operation for them
/// (Backend::fuses): a convolution and its ReLU; a batch norm and its ReLU, and the max-pooling after
/// them if its windows tile the picture. (`add_relu` below joins a batch norm, an addition and a
/// ReLU.) Each such layer would cost a pass over memory forward and one or two backward, and one more
/// activation to keep.
///
/// A Sequential is a chain. A module with layers as members holds one over them, declared last:
///
///   Chain main_{&conv1_, &bn1_, &relu_, &conv2_};
///   Variable forward(const Variable& x) override { return add_relu(bn2_, relu_, main_(x), x); }
///
/// What is fused is planned in the first forward, and again when something has changed that it
/// depends on: layers, dtype, device, a sample's shape (batches of every size share a plan, and so do
/// training and evaluation). While a ForwardHook lives, every layer runs by itself and is seen.
class Chain {
 public:
  Chain() = default;
  Chain(std::initializer_list<Module*> layers);
  void add(Module& layer);
  Variable operator()(const Variable& x);
  /// How often there was planning.
  i64 plans_made() const { return plans_made_; }

 private:
  struct Step {
    std::size_t layers;  // so many in one
    std::function<Variable(const Variable&)> run;
  };
  struct Plan {
    Shape sample;
    Dtype dtype, autocast;
    Device device;
    std::vector<Step> steps;
    explicit Plan(const Variable& x);
    bool is_for(const Variable& x) const;
  };
  template <class Layer>
  Layer* layer_at(std::size_t i) const;
  Step step_at(std::size_t i, const Variable& x) const;
  Variable run_and_plan(const Variable& x);
  Variable run_apart(const Variable& x) const;

  std::vector<Module*> layers_;
  std::mutex mutex_;  // one net may run forward in several threads
  std::shared_ptr<const Plan> plan_;
  i64 plans_made_ = 0;
};

/// relu(norm(x) + shortcut), the end of a residual block, as one where the backend has it.
Variable add_relu(BatchNorm& norm, ReLU& relu, const Variable& x, const Variable& shortcut);

/// For a ForwardHook: whether the layer that it is called for runs as one with the layer before it
/// where nobody watches.
bool joins_layer_before(const Module& layer);

}  // namespace melgrad
