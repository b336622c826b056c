#pragma once
#include "tensor/random.h"
#include "tensor/tensor.h"

/// Initial values of parameters. All draw in f32 and convert, so that one seed gives one net in
/// every dtype.
namespace melgrad::init {

/// Values that each output sees (in) and that see each input (out).  weight (out, in, ...): the
/// axes from 2 on are the receptive field.
struct Fans {
  i64 in = 0, out = 0;
};
Fans fans(const Shape& weight);
enum class Fan : u8 { in, out };

/// √2: what keeps the variance through a ReLU.
inline constexpr double relu_gain = 1.4142135623730951;
/// √(2 / (1 + slope²))
double leaky_relu_gain(double slope);

void uniform(Tensor& x, double low, double high, Generator& generator);
void normal(Tensor& x, double mean, double deviation, Generator& generator);

/// U(−b, b), b = gain √(3 / fan)   He et al. 2015, arXiv 1502.01852, eq. 10 and 14
void kaiming_uniform(Tensor& weight, Generator& generator, double gain = relu_gain,
                     Fan fan = Fan::in);
/// N(0, gain² / fan)
void kaiming_normal(Tensor& weight, Generator& generator, double gain = relu_gain,
                    Fan fan = Fan::in);
/// U(−b, b), b = gain √(6 / (fan_in + fan_out))   Glorot & Bengio 2010, eq. 16; Keras's
/// glorot_uniform
void xavier_uniform(Tensor& weight, Generator& generator, double gain = 1);
/// N(0, 2 gain² / (fan_in + fan_out)), not truncated as Keras's glorot_normal is
void xavier_normal(Tensor& weight, Generator& generator, double gain = 1);
/// weight (rows, cols): orthonormal rows or columns, whichever are fewer.  Saxe et al. 2013, arXiv
/// 1312.6120
void orthogonal(Tensor& weight, Generator& generator);

/// How a Linear or Conv2d draws its weight and bias (undefined if it has none).
using Rule = void (*)(Tensor& weight, Tensor& bias, Generator& generator);
/// PyTorch's default: both U(−1/√fan_in, 1/√fan_in).
void pytorch(Tensor& weight, Tensor& bias, Generator& generator);
/// Keras's default: glorot_uniform, bias 0.
void keras(Tensor& weight, Tensor& bias, Generator& generator);
/// torchvision's VGG and ResNet convolutions: Kaiming normal by fan_out, bias 0.
void kaiming_fan_out(Tensor& weight, Tensor& bias, Generator& generator);
/// torchvision's VGG classifier: N(0, .01²), bias 0.
void normal_001(Tensor& weight, Tensor& bias, Generator& generator);

}  // namespace melgrad::init

namespace melgrad {

/// The parameters of a Linear or Conv2d.
struct WeightSettings {
  bool bias = true;
  init::Rule init = init::pytorch;
};
inline constexpr WeightSettings keras_weights{.init = init::keras};

}  // namespace melgrad
