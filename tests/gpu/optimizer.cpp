#include <gtest/gtest.h>

#include "kernels/reference/reference.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

// More parameters than one launch holds, one of them of several blocks; the first launch is full to
// its last place (512), in the others some are empty.
i64 size_of_parameter(i64 number) {
  return number == 400 ? 5000 : number < 600 ? 1 + number % 6 : number % 7;
}
constexpr i64 parameters = 1300;

// w, g and two states of all parameters, one after the other in one tensor each.
struct Arrays {
  std::vector<Tensor> arrays;

  explicit Arrays(u64 seed) {
    i64 total = 0;
    for (i64 k = 0; k < parameters; ++k) total += size_of_parameter(k);
    Generator generator(seed);
    for (int i = 0; i < 2; ++i) arrays.push_back(rand({total}, generator, -1, 1));
    for (int i = 0; i < 2; ++i) arrays.push_back(zeros({total}));
  }
  Arrays on(Device device, Dtype dtype) const {
    Arrays moved = *this;
    for (Tensor& array : moved.arrays) array = array.to(dtype).to(device).clone();
    return moved;
  }
  std::vector<ParameterSlot> slots() {
    std::vector<ParameterSlot> found;
    i64 begin = 0;
    for (i64 k = 0; k < parameters; begin += size_of_parameter(k++)) {
      auto at = [&](std::size_t i) {
        return static_cast<char*>(arrays[i].raw()) +
               static_cast<std::size_t>(begin) * size_of(arrays[i].dtype());
      };
      found.push_back({at(0), at(1), at(2), at(3), size_of_parameter(k)});
    }
    return found;
  }
};

// step(backend, dtype, slots, settings) twice, on the GPU and by the plain loops.
template <class F>
void expect_same(F step) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Arrays start(5);
  Arrays on_gpu = start.on(Device::cuda(), Dtype::f32), exact = start.on({}, Dtype::f64);
  OptimizerSettings settings{.lr = .1, .weight_decay = .01, .momentum = .9};
  settings.beta1 = .9, settings.beta2 = .99, settings.eps = 1e-3;
  Tensor on_device = zeros({sizeof settings}, Dtype::u8, Device::cuda());
  backend(Device::cuda()).copy_from_host(on_device.raw(), &settings, sizeof settings);
  auto gpu_slots = on_gpu.slots(), exact_slots = exact.slots();
  for (int i = 0; i < 2; ++i) {
    step(backend(Device::cuda()), Dtype::f32, gpu_slots,
         static_cast<OptimizerSettings*>(on_device.raw()));
    step(backend({}), Dtype::f64, exact_slots, &settings);
  }
  for (std::size_t i : {0U, 2U, 3U})
    EXPECT_LT(difference(on_gpu.arrays[i], exact.arrays[i]), 1e-6) << "array " << i;
}

TEST(OptimizersOnGpu, MoveEveryOfManyParameters) {
  expect_same([](Backend& on, Dtype dtype, const auto& slots, OptimizerSettings* settings) {
    on.sgd(SgdKind::nesterov, dtype, slots, settings);
  });
  expect_same([](Backend& on, Dtype dtype, const auto& slots, OptimizerSettings* settings) {
    on.adam(AdamKind::decoupled, dtype, slots, settings);
  });
  expect_same([](Backend& on, Dtype dtype, const auto& slots, OptimizerSettings* settings) {
    on.rmsprop(dtype, slots, settings);
  });
}

}  // namespace
}  // namespace melgrad
