#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y[b,f,k] = Σ_j window[j] x[b, f·hop + j] e^(−2πi jk/n),  as real and imaginary part
// With g[b,f,j] = Σ_k (dy_re cos − dy_im sin)(2πjk/n):
// dx[b,s]    = Σ over the (f, j) with f·hop + j = s of window[j] g[b,f,j]
// dwindow[j] = Σ_{b,f} x[b, f·hop + j] g[b,f,j]
struct Stft final : Function {
  i64 hop;
  Saved x, window;
  explicit Stft(i64 step) : hop(step) {}
  std::string_view name() const override { return "stft"; }
  std::vector<Saved*> saved() override { return {&x, &window}; }
  Tensor forward(const Tensor& signal, const Tensor& weights) {
    if (needs(0)) window = weights;
    if (needs(1)) x = signal.contiguous();
    return stft(signal, weights, hop);
  }
  Gradients backward(const Gradients& dy) override {
    Gradients d(2);
    if (needs(0)) d[0] = stft_backward(dy[0], window, hop, input_shape(0)[1]);
    if (needs(1)) d[1] = window_gradient(dy[0]);
    return d;
  }

 private:
  // g is the gradient of signals of one frame each under a window of ones.
  Tensor window_gradient(const Tensor& dy) const {
    const Tensor& signal = x;
    i64 n = input_shape(1)[0], count = dy.dim(0), frames = dy.dim(1);
    Tensor rows = dy.reshape({count * frames, 1, dy.dim(2), 2});
    Tensor g = stft_backward(rows, ones({n}, dy.dtype(), dy.device()), hop, n);
    Tensor framed(signal.storage(), signal.dtype(), {count, frames, n}, {signal.dim(1), hop, 1},
                  signal.offset());
    return sum(framed * g.reshape({count, frames, n}), {0, 1});
  }
};

}  // namespace

Variable stft(const Variable& x, const Variable& window, i64 hop) {
  return apply(Stft(hop), x, window);
}

}  // namespace melgrad
