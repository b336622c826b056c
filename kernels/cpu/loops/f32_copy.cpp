#include "kernels/cpu/loops/f32_copy.h"

namespace melgrad {

F32Copy::F32Copy(Backend& cpu, i64 n, const void* values)
    : cpu_(cpu),
      n_(n),
      data_(static_cast<float*>(cpu.allocate(static_cast<std::size_t>(n) * sizeof(float)))) {
  if (values) cpu_.copy({1, {n_}, {1}, {1}}, Dtype::bf16, values, Dtype::f32, data_);
}

F32Copy::~F32Copy() { cpu_.deallocate(data_, static_cast<std::size_t>(n_) * sizeof(float)); }

void F32Copy::store(void* values) const {
  cpu_.copy({1, {n_}, {1}, {1}}, Dtype::f32, data_, Dtype::bf16, values);
}

}  // namespace melgrad
