#pragma once
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "autograd/functions.h"
#include "autograd/variable.h"
#include "tensor/random.h"

namespace melgrad {

using StateDict = std::map<std::string, Tensor>;
template <class T>
using Named = std::vector<std::pair<std::string, T>>;

/// A layer or a net: parameters, buffers and child modules, held as members by value and named once
/// in the constructor, so that names equal PyTorch's ("features.0.weight"). Not copyable, not
/// movable: children are known by address.
class Module {
 public:
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  /// "Conv2d"
  virtual std::string type() const = 0;
  /// "3, 64, kernel 3 × 3, padding 1": for summaries.
  virtual std::string details() const { return {}; }
  virtual Variable forward(const Variable& x) = 0;
  /// forward, inside a Scope of this module's name and under the hooks of summary().
  Variable operator()(const Variable& x);
  /// Multiply-adds of one forward that took `input` to `output`, children not counted.
  virtual i64 multiply_adds(const Shape& input, const Shape& output) const;

  void train(bool on = true);  // this and all below
  void eval() { train(false); }
  bool training() const { return training_; }

  Named<Variable> parameters() const;  // in order of registration, children depth first
  Named<Tensor> buffers() const;
  Named<Module*> modules();  // this one first, named ""
  i64 parameter_count(bool trainable_only = false) const;

  /// Parameters and buffers. The tensors are the module's own: clone() what must not change.
  StateDict state_dict() const;
  struct LoadReport {
    std::vector<std::string> missing, unexpected;
  };
  /// Copies values in (converting dtype and device). Strict: a missing, unexpected or misshapen
  /// name is an Error that lists all of them and changes nothing; otherwise only wrong shapes are,
  /// and the rest is reported.
  LoadReport load_state_dict(const StateDict& state, bool strict = true);

  /// Draws new initial parameters (PyTorch's defaults, unless the layer was told otherwise) and
  /// makes `generator` the source of dropout masks, for this and all below.
  void reset(Generator& generator);
  /// Matching parameters (glob: "features.*") stop or resume wanting gradients; returns how many
  /// matched.
  std::size_t freeze(const std::string& pattern, bool frozen = true);
  void to(Device device);
  void to(Dtype dtype);  // floating parameters and buffers
  void zero_grad();

 protected:
  Module() = default;
  void add(const std::string& name, Module& child);
  void add_parameter(const std::string& name, Variable& parameter);
  void add_buffer(const std::string& name, Tensor& buffer);
  /// Draws this module's own parameters, not its children's.
  virtual void reset_parameters(Generator& generator);
  /// The source of dropout masks; Error if reset() or set_generator() was never called.
  Generator& generator();

 private:
  std::string name_;
  bool training_ = true;
  Generator* generator_ = nullptr;
  Named<Module*> children_;
  Named<Variable*> parameters_;
  Named<Tensor*> buffers_;
};

}  // namespace melgrad
