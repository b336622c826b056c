#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"

namespace melgrad {
namespace {

// A stretch of one parameter.
struct Stretch {
  float* w;
  const float* gradient;
  float* state1;
  float* state2;
  i64 n;
};

// One pass over memory: all parameters count as one long array, of which each thread takes a part.
template <class Update>
void for_each_stretch(std::span<const ParameterSlot> slots, Update update) {
  i64 total = 0;
  for (const ParameterSlot& slot : slots) total += slot.n;
  parallel_for(total, 4, [=](i64 begin, i64 end) {
    i64 start = 0;  // of the slot in the long array
    for (const ParameterSlot& slot : slots) {
      i64 from = std::max(begin - start, i64{0}), to = std::min(end - start, slot.n);
      auto at = [=](void* array) { return array ? static_cast<float*>(array) + from : nullptr; };
      if (from < to)
        update(Stretch{at(slot.w), static_cast<const float*>(slot.g) + from, at(slot.state1),
                       at(slot.state2), to - from});
      start += slot.n;
    }
  });
}

// The numbers that every update needs first:  g = grad_scale · gradient + weight_decay · w
struct Gradient {
  float scale, weight_decay;
  Gradient(const OptimizerSettings& s, bool decay)
      : scale(static_cast<float>(s.grad_scale)),
        weight_decay(decay ? static_cast<float>(s.weight_decay) : 0) {}
  float operator()(float gradient, float w) const { return scale * gradient + weight_decay * w; }
};

// --- SGD ---------------------------------------------------------------------------------------

MELGRAD_SIMD void sgd_plain(const Stretch& p, Gradient of, float lr) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) p.w[i] -= lr * of(p.gradient[i], p.w[i]);
}

// v = momentum v + (1 − dampening) g, at first v = g;  w −= lr · (nesterov ? g + momentum v : v)
struct SgdConstants {
  float lr, momentum, fresh;
  bool first, nesterov;
};

MELGRAD_SIMD void sgd_momentum(const Stretch& p, Gradient of, SgdConstants c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    float g = of(p.gradient[i], p.w[i]);
    float v = c.first ? g : c.momentum * p.state1[i] + c.fresh * g;
    p.state1[i] = v;
    p.w[i] -= c.lr * (c.nesterov ? g + c.momentum * v : v);
  }
}

void sgd_f32(SgdKind kind, std::span<const ParameterSlot> slots, const OptimizerSettings& s) {
  Gradient of(s, true);
  SgdConstants c{static_cast<float>(s.lr), static_cast<float>(s.momentum),
                 static_cast<float>(1 - s.dampening), s.step == 0, kind == SgdKind::nesterov};
  for_each_stretch(slots, [=](const Stretch& p) {
    kind == SgdKind::plain ? sgd_plain(p, of, c.lr) : sgd_momentum(p, of, c);
  });
}

// --- Adam --------------------------------------------------------------------------------------

// Constants are computed in f64; t counts from 1.
struct AdamConstants {
  float keep, new1, beta2, new2, eps, step_size, root_correction;
  AdamConstants(const OptimizerSettings& s, double t, bool decoupled)
      : keep(static_cast<float>(decoupled ? 1 - s.lr * s.weight_decay : 1)),
        new1(static_cast<float>(1 - s.beta1)),
        beta2(static_cast<float>(s.beta2)),
        new2(static_cast<float>(1 - s.beta2)),
        eps(static_cast<float>(s.eps)),
        step_size(static_cast<float>(s.lr / (1 - std::pow(s.beta1, t)))),
        root_correction(static_cast<float>(1 / std::sqrt(1 - std::pow(s.beta2, t)))) {}
};

// m = beta1 m + (1 − beta1) g,  v = beta2 v + (1 − beta2) g²
// w = keep w − lr / (1 − beta1^t) · m / (√v / √(1 − beta2^t) + eps)
MELGRAD_SIMD void adam_update(const Stretch& p, Gradient of, AdamConstants c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    float g = of(p.gradient[i], p.w[i]);
    float m = p.state1[i] + c.new1 * (g - p.state1[i]);
    float v = c.beta2 * p.state2[i] + c.new2 * g * g;
    p.state1[i] = m;
    p.state2[i] = v;
    p.w[i] = c.keep * p.w[i] - c.step_size * m / (std::sqrt(v) * c.root_correction + c.eps);
  }
}

void adam_f32(AdamKind kind, std::span<const ParameterSlot> slots, const OptimizerSettings& s) {
  bool decoupled = kind == AdamKind::decoupled;
  Gradient of(s, !decoupled);
  AdamConstants c(s, s.step + 1, decoupled);
  for_each_stretch(slots, [=](const Stretch& p) { adam_update(p, of, c); });
}

// --- RMSprop -----------------------------------------------------------------------------------

// s = alpha s + (1 − alpha) g²,  r = g / (√s + eps);  w −= lr r, or v = momentum v + r, w −= lr v
struct RmspropConstants {
  float lr, alpha, fresh, eps, momentum;
};

MELGRAD_SIMD void rmsprop_plain(const Stretch& p, Gradient of, RmspropConstants c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    float g = of(p.gradient[i], p.w[i]);
    p.state1[i] = c.alpha * p.state1[i] + c.fresh * g * g;
    p.w[i] -= c.lr * (g / (std::sqrt(p.state1[i]) + c.eps));
  }
}

MELGRAD_SIMD void rmsprop_momentum(const Stretch& p, Gradient of, RmspropConstants c) {
#pragma omp simd
  for (i64 i = 0; i < p.n; ++i) {
    float g = of(p.gradient[i], p.w[i]);
    p.state1[i] = c.alpha * p.state1[i] + c.fresh * g * g;
    p.state2[i] = c.momentum * p.state2[i] + g / (std::sqrt(p.state1[i]) + c.eps);
    p.w[i] -= c.lr * p.state2[i];
  }
}

void rmsprop_f32(std::span<const ParameterSlot> slots, const OptimizerSettings& s) {
  Gradient of(s, true);
  RmspropConstants c{static_cast<float>(s.lr), static_cast<float>(s.beta2),
                     static_cast<float>(1 - s.beta2), static_cast<float>(s.eps),
                     static_cast<float>(s.momentum)};
  for_each_stretch(slots, [=](const Stretch& p) {
    p.state2 ? rmsprop_momentum(p, of, c) : rmsprop_plain(p, of, c);
  });
}

void check_dtype(const char* optimizer, Dtype dtype) {
  check(dtype == Dtype::f32 || dtype == Dtype::f64, optimizer,
        "updates parameters in f32 or f64, not {}: keep the master weights in f32", name_of(dtype));
}

}  // namespace

void CpuBackend::sgd(SgdKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
                     OptimizerSettings* settings) {
  check_dtype("sgd", dtype);
  dtype == Dtype::f64 ? reference::sgd(kind, slots, *settings) : sgd_f32(kind, slots, *settings);
  settings->step += 1;
}

void CpuBackend::adam(AdamKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
                      OptimizerSettings* settings) {
  check_dtype("adam", dtype);
  dtype == Dtype::f64 ? reference::adam(kind, slots, *settings) : adam_f32(kind, slots, *settings);
  settings->step += 1;
}

void CpuBackend::rmsprop(Dtype dtype, std::span<const ParameterSlot> slots,
                         OptimizerSettings* settings) {
  check_dtype("rmsprop", dtype);
  dtype == Dtype::f64 ? reference::rmsprop(slots, *settings) : rmsprop_f32(slots, *settings);
  settings->step += 1;
}

}  // namespace melgrad
