#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y[n,o,p,q]     = bias[o] + Σ_{c,r,s} x[n, c, p·stride − pad + r·dilation, …] w[o,c,r,s]
// then max(y, 0) if relu. With dy masked by y > 0 if relu:
// dx[n,c,h,w]    = Σ over the (o, p, q, r, s) that read it of dy[n,o,p,q] w[o,c,r,s]
// dw[o,c,r,s]    = Σ_{n,p,q} dy[n,o,p,q] x[n, c, p·stride − pad + r·dilation, …]
// dbias[o]       = Σ_{n,p,q} dy[n,o,p,q]
struct Conv2d final : Function {
  Conv2dOptions options;
  bool relu;
  Saved x, weight, y;
  Conv2d(const Conv2dOptions& o, bool with_relu) : options(o), relu(with_relu) {}
  std::string_view name() const override { return "conv2d"; }
  std::vector<Saved*> saved() override { return {&x, &weight, &y}; }
  Tensor forward(const Tensor& input, const Tensor& w, const Tensor& bias) {
    if (needs(0)) weight = w;
    if (needs(1)) x = input;
    Tensor output = conv2d(input, w, bias, options, relu);
    if (relu) y = output;
    return output;
  }
  Gradients backward(const Gradients& dys) override {
    Tensor dy = relu ? relu_backward(y, dys[0]) : dys[0];
    Gradients d(3);
    if (needs(0)) d[0] = conv2d_backward_data(dy, weight, input_shape(0), options);
    if (needs(1)) {
      ConvWeightGradients g = conv2d_backward_weights(x, dy, input_shape(1), needs(2), options);
      d[1] = std::move(g.dweight);
      d[2] = std::move(g.dbias);
    } else if (needs(2)) {
      d[2] = sum(dy, {0, 2, 3});
    }
    return d;
  }
};

}  // namespace

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                const Conv2dOptions& options, bool relu) {
  return apply(Conv2d(options, relu), lowered(x), lowered(weight), lowered(bias));
}

}  // namespace melgrad
