#pragma once
#include <string_view>

#include "kernels/dtype.h"

namespace melgrad {

/// A class of torch's storages: a row of elements in memory, of which tensors are views.
struct StorageType {
  std::string_view name;
  std::size_t bytes;  // of an element in the file
  Dtype becomes;
};

/// The first of a dtype is what it is saved as. The others become what holds all their values.
inline constexpr StorageType storage_types[] = {
    {"torch.FloatStorage", 4, Dtype::f32},     {"torch.DoubleStorage", 8, Dtype::f64},
    {"torch.BFloat16Storage", 2, Dtype::bf16}, {"torch.LongStorage", 8, Dtype::i64},
    {"torch.ByteStorage", 1, Dtype::u8},       {"torch.HalfStorage", 2, Dtype::f32},
    {"torch.BoolStorage", 1, Dtype::u8},       {"torch.CharStorage", 1, Dtype::i64},
    {"torch.ShortStorage", 2, Dtype::i64},     {"torch.IntStorage", 4, Dtype::i64},
};

}  // namespace melgrad
