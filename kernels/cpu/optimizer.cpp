#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"

namespace melgrad {
namespace {

// A stretch of one parameter in the type it has.
template <class T>
struct Stretch {
  T* w;
  const T* gradient;
  T* state1;
  T* state2;
  i64 n;
};

// One pass over memory: all parameters count as one long array, of which each thread takes a part.
template <class T, class Update>
void for_each_stretch(std::span<const ParameterSlot> slots, Update update) {
  i64 total = 0;
  for (const ParameterSlot& slot : slots) total += slot.n;
  parallel_for(total, 4, [=](i64 begin, i64 end) {
    i64 start = 0;  // of the slot in the long array
    for (const ParameterSlot& slot : slots) {
      i64 from = std::max(begin - start, i64{0}), to = std::min(end - start, slot.n);
      auto at = [=](void* array) { return array ? static_cast<T*>(array) + from : nullptr; };
      if (from < to)
        update(Stretch<T>{at(slot.w), static_cast<const T*>(slot.g) + from, at(slot.state1),
                          at(slot.state2), to - from});
      start += slot.n;
    }
  });
}

// The numbers that every update needs first:  g = grad_scale · gradient + weight_decay · w
template <class T>
struct Gradient {
  T scale, weight_decay;
  Gradient(const OptimizerSettings& s, bool decay)
      : scale(static_cast<T>(s.grad_scale)),
        weight_decay(decay ? static_cast<T>(s.weight_decay) : 0) {}
  T operator()(T gradient, T w) const { return scale * gradient + weight_decay * w; }
};

// --- SGD ---------------------------------------------------------------------------------------

template <class T>
MELGRAD_SIMD void sgd_plain(const Stretch<T>& p, Gradient<T> of, T lr) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) p.w[i] -= lr * of(p.gradient[i], p.w[i]);
}

// v = momentum v + (1 − dampening) g, at first v = g;  w −= lr · (nesterov ? g + momentum v : v)
template <class T>
struct SgdConstants {
  T lr, momentum, fresh;
  bool first, nesterov;
};

template <class T>
MELGRAD_SIMD void sgd_momentum(const Stretch<T>& p, Gradient<T> of, SgdConstants<T> c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    T g = of(p.gradient[i], p.w[i]);
    T v = c.first ? g : c.momentum * p.state1[i] + c.fresh * g;
    p.state1[i] = v;
    p.w[i] -= c.lr * (c.nesterov ? g + c.momentum * v : v);
  }
}

template <class T>
void sgd_typed(SgdKind kind, std::span<const ParameterSlot> slots, const OptimizerSettings& s) {
  Gradient<T> of(s, true);
  SgdConstants<T> c{static_cast<T>(s.lr), static_cast<T>(s.momentum),
                    static_cast<T>(1 - s.dampening), s.step == 0, kind == SgdKind::nesterov};
  for_each_stretch<T>(slots, [=](const Stretch<T>& p) {
    kind == SgdKind::plain ? sgd_plain(p, of, c.lr) : sgd_momentum(p, of, c);
  });
}

// --- Adam --------------------------------------------------------------------------------------

// Constants are computed in f64; t counts from 1.
template <class T>
struct AdamConstants {
  T keep, new1, beta2, new2, eps, step_size, root_correction;
  AdamConstants(const OptimizerSettings& s, double t, bool decoupled)
      : keep(static_cast<T>(decoupled ? 1 - s.lr * s.weight_decay : 1)),
        new1(static_cast<T>(1 - s.beta1)),
        beta2(static_cast<T>(s.beta2)),
        new2(static_cast<T>(1 - s.beta2)),
        eps(static_cast<T>(s.eps)),
        step_size(static_cast<T>(s.lr / (1 - std::pow(s.beta1, t)))),
        root_correction(static_cast<T>(1 / std::sqrt(1 - std::pow(s.beta2, t)))) {}
};

// m = beta1 m + (1 − beta1) g,  v = beta2 v + (1 − beta2) g²
// w = keep w − lr / (1 − beta1^t) · m / (√v / √(1 − beta2^t) + eps)
template <class T>
MELGRAD_SIMD void adam_update(const Stretch<T>& p, Gradient<T> of, AdamConstants<T> c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    T g = of(p.gradient[i], p.w[i]);
    T m = p.state1[i] + c.new1 * (g - p.state1[i]);
    T v = c.beta2 * p.state2[i] + c.new2 * g * g;
    p.state1[i] = m;
    p.state2[i] = v;
    p.w[i] = c.keep * p.w[i] - c.step_size * m / (std::sqrt(v) * c.root_correction + c.eps);
  }
}

template <class T>
void adam_typed(AdamKind kind, std::span<const ParameterSlot> slots, const OptimizerSettings& s) {
  bool decoupled = kind == AdamKind::decoupled;
  Gradient<T> of(s, !decoupled);
  AdamConstants<T> c(s, s.step + 1, decoupled);
  for_each_stretch<T>(slots, [=](const Stretch<T>& p) { adam_update(p, of, c); });
}

// --- RMSprop -----------------------------------------------------------------------------------

// s = alpha s + (1 − alpha) g²,  r = g / (√s + eps);  w −= lr r, or v = momentum v + r, w −= lr v
template <class T>
struct RmspropConstants {
  T lr, alpha, fresh, eps, momentum;
};

template <class T>
MELGRAD_SIMD void rmsprop_plain(const Stretch<T>& p, Gradient<T> of, RmspropConstants<T> c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    T g = of(p.gradient[i], p.w[i]);
    p.state1[i] = c.alpha * p.state1[i] + c.fresh * g * g;
    p.w[i] -= c.lr * (g / (std::sqrt(p.state1[i]) + c.eps));
  }
}

template <class T>
MELGRAD_SIMD void rmsprop_momentum(const Stretch<T>& p, Gradient<T> of, RmspropConstants<T> c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    T g = of(p.gradient[i], p.w[i]);
    p.state1[i] = c.alpha * p.state1[i] + c.fresh * g * g;
    p.state2[i] = c.momentum * p.state2[i] + g / (std::sqrt(p.state1[i]) + c.eps);
    p.w[i] -= c.lr * p.state2[i];
  }
}

template <class T>
void rmsprop_typed(std::span<const ParameterSlot> slots, const OptimizerSettings& s) {
  Gradient<T> of(s, true);
  RmspropConstants<T> c{static_cast<T>(s.lr), static_cast<T>(s.beta2), static_cast<T>(1 - s.beta2),
                        static_cast<T>(s.eps), static_cast<T>(s.momentum)};
  for_each_stretch<T>(slots, [=](const Stretch<T>& p) {
    p.state2 ? rmsprop_momentum(p, of, c) : rmsprop_plain(p, of, c);
  });
}

bool is_f32(const char* optimizer, Dtype dtype) {
  check(dtype == Dtype::f32 || dtype == Dtype::f64, optimizer,
        "updates parameters in f32 or f64, not {}: keep the master weights in f32", name_of(dtype));
  return dtype == Dtype::f32;
}

}  // namespace

void CpuBackend::sgd(SgdKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
                     OptimizerSettings* settings) {
  is_f32("sgd", dtype) ? sgd_typed<float>(kind, slots, *settings)
                       : sgd_typed<double>(kind, slots, *settings);
  settings->step += 1;
}

void CpuBackend::adam(AdamKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
                      OptimizerSettings* settings) {
  is_f32("adam", dtype) ? adam_typed<float>(kind, slots, *settings)
                        : adam_typed<double>(kind, slots, *settings);
  settings->step += 1;
}

void CpuBackend::rmsprop(Dtype dtype, std::span<const ParameterSlot> slots,
                         OptimizerSettings* settings) {
  is_f32("rmsprop", dtype) ? rmsprop_typed<float>(slots, *settings)
                           : rmsprop_typed<double>(slots, *settings);
  settings->step += 1;
}

}  // namespace melgrad
