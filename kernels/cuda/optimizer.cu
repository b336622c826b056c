#include <algorithm>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/pack.h"

// One launch updates all parameters: their addresses travel as a table in the kernel's arguments (up to 32 764 bytes since CUDA 12.1),
// which a captured graph keeps. What changes from step to step is read from `settings` on the device.
namespace melgrad {
namespace cuda {

struct Slot {
  float* w;
  const float* gradient;
  float *state1, *state2;
  i64 n;
  i64 first_block;
};

constexpr int most_slots = 512;
struct SlotTable {
  int count = 0;
  Slot slots[most_slots];
};

// A thread updates four neighbours.
constexpr i64 values_a_block = 4 * block_threads;

// The slot that this block works on: the last whose first block is not after it.
__device__ inline const Slot& my_slot(const SlotTable& table) {
  int low = 0, high = table.count - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (table.slots[middle].first_block <= static_cast<i64>(blockIdx.x)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return table.slots[low];
}

/// One of a parameter's values, and what belongs to it.
struct Value {
  float w, gradient, state1 = 0, state2 = 0;
};

// update(value) for each of this thread's, which changes w and the states that there are.
template <class Update>
__device__ void for_each_value(const Slot& slot, Update update) {
  i64 first = (static_cast<i64>(blockIdx.x) - slot.first_block) * values_a_block + threadIdx.x * 4;
  if (first >= slot.n) return;
  Pack<float, 4> none = {};
  auto w = load_four(slot.w, first, slot.n), gradient = load_four(slot.gradient, first, slot.n);
  auto state1 = slot.state1 ? load_four(slot.state1, first, slot.n) : none;
  auto state2 = slot.state2 ? load_four(slot.state2, first, slot.n) : none;
  for (int k = 0; k < 4; ++k) {
    Value value{w.at[k], gradient.at[k], state1.at[k], state2.at[k]};
    update(value);
    w.at[k] = value.w;
    state1.at[k] = value.state1;
    state2.at[k] = value.state2;
  }
  store_four(w, slot.w, first, slot.n);
  if (slot.state1) store_four(state1, slot.state1, first, slot.n);
  if (slot.state2) store_four(state2, slot.state2, first, slot.n);
}

// g = grad_scale · gradient + weight_decay · w
struct Gradient {
  float scale, weight_decay;
  __device__ Gradient(const OptimizerSettings& s, bool decay)
      : scale(static_cast<float>(s.grad_scale)),
        weight_decay(decay ? static_cast<float>(s.weight_decay) : 0.0F) {}
  __device__ float operator()(const Value& p) const {
    return scale * p.gradient + weight_decay * p.w;
  }
};

// v = momentum v + (1 − dampening) g, at first v = g;  w −= lr · (plain: g | momentum: v | nesterov: g + momentum v)
__global__ void sgd_kernel(SlotTable table, SgdKind kind, const OptimizerSettings* settings) {
  const Slot& slot = my_slot(table);
  const OptimizerSettings s = *settings;
  Gradient gradient(s, true);
  float lr = static_cast<float>(s.lr), momentum = static_cast<float>(s.momentum);
  float fresh = static_cast<float>(1 - s.dampening);
  for_each_value(slot, [&](Value& p) {
    float g = gradient(p);
    if (kind != SgdKind::plain) {
      float v = s.step == 0 ? g : momentum * p.state1 + fresh * g;
      p.state1 = v;
      g = kind == SgdKind::nesterov ? g + momentum * v : v;
    }
    p.w -= lr * g;
  });
}

// 1 − beta^t, where beta^t may be so near to 1 that f32 does not have the difference; f64's power would take longer than a
// thread's share of the update.
__device__ inline float one_minus_power(double beta, float t) {
  return -expm1f(t * log1pf(-static_cast<float>(1 - beta)));
}

// m = beta1 m + (1 − beta1) g,  v = beta2 v + (1 − beta2) g²
// w = keep w − lr / (1 − beta1^t) · m / (√v / √(1 − beta2^t) + eps)
__global__ void adam_kernel(SlotTable table, AdamKind kind, const OptimizerSettings* settings) {
  const Slot& slot = my_slot(table);
  const OptimizerSettings s = *settings;
  bool decoupled = kind == AdamKind::decoupled;
  Gradient gradient(s, !decoupled);
  float t = static_cast<float>(s.step + 1);
  float keep = static_cast<float>(decoupled ? 1 - s.lr * s.weight_decay : 1.0);
  float new1 = static_cast<float>(1 - s.beta1), new2 = static_cast<float>(1 - s.beta2);
  float beta2 = static_cast<float>(s.beta2), eps = static_cast<float>(s.eps);
  float step_size = static_cast<float>(s.lr) / one_minus_power(s.beta1, t);
  float root_correction = 1 / sqrtf(one_minus_power(s.beta2, t));
  for_each_value(slot, [&](Value& p) {
    float g = gradient(p);
    float m = p.state1 + new1 * (g - p.state1);
    float v = beta2 * p.state2 + new2 * g * g;
    p.state1 = m;
    p.state2 = v;
    p.w = keep * p.w - step_size * m / (sqrtf(v) * root_correction + eps);
  });
}

// s = alpha s + (1 − alpha) g²,  r = g / (√s + eps);  w −= lr r, or v = momentum v + r, w −= lr v
__global__ void rmsprop_kernel(SlotTable table, const OptimizerSettings* settings) {
  const Slot& slot = my_slot(table);
  const OptimizerSettings s = *settings;
  Gradient gradient(s, true);
  float lr = static_cast<float>(s.lr), eps = static_cast<float>(s.eps);
  float alpha = static_cast<float>(s.beta2), fresh = static_cast<float>(1 - s.beta2);
  float momentum = static_cast<float>(s.momentum);
  for_each_value(slot, [&](Value& p) {
    float g = gradient(p);
    p.state1 = alpha * p.state1 + fresh * g * g;
    float r = g / (sqrtf(p.state1) + eps);
    if (slot.state2) p.state2 = r = momentum * p.state2 + r;
    p.w -= lr * r;
  });
}

__global__ void count_step(OptimizerSettings* settings) { settings->step += 1; }

namespace {

// Calls f(table, grid) for tables that together hold all parameters.
template <class F>
void for_each_table(std::string_view optimizer, Dtype dtype, std::span<const ParameterSlot> slots,
                    F&& f) {
  check(dtype == Dtype::f32, optimizer,
        "on a GPU parameters are f32, not {}: keep the master weights in f32", name_of(dtype));
  for (std::size_t first = 0; first < slots.size(); first += most_slots) {
    SlotTable table;
    i64 blocks = 0;
    for (const ParameterSlot& slot :
         slots.subspan(first, std::min<std::size_t>(most_slots, slots.size() - first))) {
      if (slot.n == 0) continue;
      table.slots[table.count++] = {static_cast<float*>(slot.w),
                                    static_cast<const float*>(slot.g),
                                    static_cast<float*>(slot.state1),
                                    static_cast<float*>(slot.state2),
                                    slot.n,
                                    blocks};
      blocks += blocks_for(slot.n, values_a_block);
    }
    if (blocks > 0) f(table, one_block_each(blocks));
  }
}

}  // namespace
}  // namespace cuda

void CudaBackend::sgd(SgdKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
                      OptimizerSettings* settings) {
  cuda::for_each_table("sgd", dtype, slots, [&](const auto& table, const cuda::Grid& grid) {
    cuda::launch<cuda::sgd_kernel>(grid, stream(), table, kind, settings);
  });
  cuda::launch<cuda::count_step>(cuda::Grid{1, 1}, stream(), settings);
}

void CudaBackend::adam(AdamKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
                       OptimizerSettings* settings) {
  cuda::for_each_table("adam", dtype, slots, [&](const auto& table, const cuda::Grid& grid) {
    cuda::launch<cuda::adam_kernel>(grid, stream(), table, kind, settings);
  });
  cuda::launch<cuda::count_step>(cuda::Grid{1, 1}, stream(), settings);
}

void CudaBackend::rmsprop(Dtype dtype, std::span<const ParameterSlot> slots,
                          OptimizerSettings* settings) {
  cuda::for_each_table("rmsprop", dtype, slots, [&](const auto& table, const cuda::Grid& grid) {
    cuda::launch<cuda::rmsprop_kernel>(grid, stream(), table, settings);
  });
  cuda::launch<cuda::count_step>(cuda::Grid{1, 1}, stream(), settings);
}

}  // namespace melgrad
