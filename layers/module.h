#pragma once
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "autograd/function.h"
#include "autograd/functions.h"
#include "autograd/variable.h"
#include "tensor/random.h"

namespace melgrad {

using StateDict = std::map<std::string, Tensor>;
template <class T>
using Named = std::vector<std::pair<std::string, T>>;

/// What a parameter is before anything was drawn or loaded.
enum class Initial : u8 {
  undrawn,  // 0, for want of a better: no net is trained from that
  given,    // what the constructor made it
};

/// What a state without a buffer is.
enum class Absent : u8 {
  refused,
  kept,  // one that is older than the buffer, which stays as it is
};

/// A layer or a net: parameters, buffers and child modules, held as members by value and named once
/// in the constructor, so that names equal PyTorch's ("features.0.weight"). Not copyable, not
/// movable: children are known by address.
///
/// A new module's parameters are 0 (a batch norm's gamma 1) until reset() or load_state_dict().
/// forward in training, with gradients recorded, is an Error before that names them.
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
  /// forward, then the ForwardHooks, within this module.
  Variable operator()(const Variable& x);
  /// compute(), in a Scope of this module's name. An Error of it ends with the path from the outermost
  /// module called: ", in layer2.0.conv1".
  Variable within(const std::function<Variable()>& compute);
  /// Multiply-adds of one forward that took `input` to `output`, children not counted.
  virtual i64 multiply_adds(const Shape& input, const Shape& output) const;

  void train(bool on = true);  // this and all below
  void eval() { train(false); }
  bool training() const { return training_; }
  void set_training(bool on) { training_ = on; }  // this one only

  Named<Variable> parameters() const;  // in order of registration, children depth first
  Named<Tensor> buffers() const;
  Named<Module*> modules();  // this one first, named ""
  Named<const Module*> modules() const;
  i64 parameter_count(bool trainable_only = false) const;
  i64 own_parameter_count() const;  // children not counted
  bool has_children() const { return !children_.empty(); }

  /// Parameters and buffers. The tensors are the module's own: clone() what must not change.
  StateDict state_dict() const;
  struct LoadReport {
    std::vector<std::string> missing, unexpected;
  };
  /// Copies values in (converting dtype and device). Strict: a missing, unexpected or misshapen
  /// name is an Error that lists all of them and changes nothing; otherwise only wrong shapes are,
  /// and the rest is reported.
  LoadReport load_state_dict(const StateDict& state, bool strict = true);

  /// Draws new initial parameters (PyTorch's defaults, unless the layer was told otherwise), sets
  /// running statistics back and makes `generator` the source of dropout masks, for this and all
  /// below. Draws are f32 whatever the parameters' dtype: one seed is one net.
  void reset(Generator& generator);
  /// The source of dropout masks, for this and all below. The stream is shared, not copied.
  void set_generator(const Generator& generator);
  /// Matching parameters (glob: "features.*") stop or resume wanting gradients; returns how many
  /// matched.
  std::size_t freeze(const std::string& pattern, bool frozen = true);
  void to(Device device);
  /// Floating parameters and buffers; gradients are dropped. Buffers of a bf16 net stay f32:
  /// statistics are never kept in bf16.
  void to(Dtype dtype);
  void zero_grad();

 protected:
  Module() = default;
  void add_module(const std::string& name, Module& child);
  void add_parameter(const std::string& name, Variable& parameter,
                     Initial initial = Initial::undrawn);
  void add_buffer(const std::string& name, Tensor& buffer, Absent absent = Absent::refused);
  /// Draws this module's own parameters, not its children's, which were drawn before.
  virtual void reset_parameters(Generator& generator);
  /// The source of dropout masks; Error if reset() or set_generator() was never called.
  Generator& generator();

 private:
  struct Parameter {
    std::string name;
    Variable* variable;
    Saved undrawn;  // the tensor as it was registered, until reset(); writing to it is drawing, too
    bool is_undrawn() const;
  };
  struct Buffer {
    std::string name;
    Tensor* tensor;
    Absent absent;
  };
  template <class Visit>
  void each(const std::string& prefix, Visit&& visit) const;
  void check_drawn();
  template <class Convert>
  void convert_parameters(Convert convert);

  std::string name_;
  bool training_ = true;
  bool drawn_ = false;  // what check_drawn() found, of this and all below
  std::optional<Generator> generator_;
  Named<Module*> children_;
  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
};

/// Layers, settings, parameters. summarize() (summary.h) knows shapes, too.
std::ostream& operator<<(std::ostream& out, const Module& net);

/// While one lives, it is called after each forward of this thread's modules, children first.
class ForwardHook {
 public:
  using Call = std::function<void(Module&, const Variable& input, const Variable& output)>;
  explicit ForwardHook(Call call);
  ~ForwardHook();
  ForwardHook(const ForwardHook&) = delete;
  ForwardHook& operator=(const ForwardHook&) = delete;
  static bool any();

 private:
  friend class Module;
  Call call_;
  ForwardHook* outer_;
};

/// Whether `text` is `pattern`, in which * stands for any characters and ? for one.
bool matches_glob(const std::string& pattern, const std::string& text);

}  // namespace melgrad
