#include "autograd/functions.h"
#include "autograd/function.h"

using namespace melgrad;

struct Named : Function {
  std::string_view name() const override { return "wrong"; }
  Gradients backward(const Gradients& dy) override { return dy; }
};
struct OnVariables : Named {
  static Variable forward(const Variable& x) { return x * x; }
};
struct OneNumber : Named {
  static double forward(const Tensor& x) { return x.item(); }
};
struct OneInput : Named {
  static Tensor forward(const Tensor& x) { return x; }
};
struct NoForward : Named {};
struct NoFunction {
  static Tensor forward(const Tensor& x) { return x; }
};

void wrong(const Variable& x, const Tensor& t) {
  apply(OnVariables(), x);  // says: forward() returns a Tensor or a std::vector<Tensor>
  apply(OneNumber(), x);    // says: it computes on tensors, and apply() makes Variables of them
  apply(OneInput(), x, x);  // says: forward() takes one const Tensor& for each input of apply()
  apply(NoForward(), x);    // says: forward() takes one const Tensor& for each input of apply()
  apply(OneInput(), t);     // says: the inputs of apply() are Variables
  apply(OneInput(), 2.);    // says: is a member of the Function
  apply(NoFunction(), x);   // says: apply() takes a Function
}
