#pragma once
#include <initializer_list>
#include <string_view>

#include "tensor/tensor.h"

/// Which operation takes which dtype. f64 exists on the CPU only; what is not here is an error.
///
///   operation                                                takes               gives
///   copies, joins, padding, where, gather, index_select,
///     one_hot, max, min                                      all                 the same
///   + − · maximum minimum neg abs sign square relu clamp     all                 the same; whole
///                                                              numbers wrap around
///   comparisons                                              all                 u8
///   argmax, argmin                                           all                 i64
///   sum, prod                                                all                 the same; u8: i64
///   scatter_add, index_add                                   f32 f64 bf16 i64    the same
///   / pow exp log … round leaky_relu gelu, mean var logsumexp,
///     softmax, matmul, conv2d, pooling, rnn, dropout, resize f32 f64 bf16        the same
///   batch_norm                                               f32 f64 bf16        the same;
///                                                              statistics f32 (f64 for f64)
///   stft, irfft                                              f32 f64             the same
///
/// Operands of one operation have the same dtype. Only a number or a 0-d tensor next to a tensor
/// with axes takes the other's dtype, and a fraction never becomes a whole number by that.
namespace melgrad {

enum class Takes : u8 { all, floating, f32_or_f64, numbers_that_add };

/// Throws Error unless x is defined and of a dtype that is taken.
void check_operand(std::string_view op, std::string_view name, const Tensor& x,
                   Takes takes = Takes::all);
/// Throws Error unless x is defined and i64.
void check_index(std::string_view op, const Tensor& index);
/// Throws Error unless the defined ones have one dtype.
void check_same_dtype(std::string_view op, std::initializer_list<const Tensor*> tensors);
/// Throws Error unless the defined ones are on one device.
void check_same_device(std::string_view op, std::initializer_list<const Tensor*> tensors);
/// Throws Error unless `dtype` can hold the number: a whole one within range for i64 and u8.
void check_number(std::string_view op, double number, Dtype dtype);

}  // namespace melgrad
