#pragma once
#include <string_view>

#include "tensor/tensor.h"

namespace melgrad {

enum class WindowKind : u8 { hann, hamming, blackman, bartlett, kaiser, rectangular };

struct WindowOptions {
  /// Periodic: one period of n samples, what an FFT wants. Symmetric: the last equals the first.
  bool periodic = true;
  double beta = 12;  // Kaiser only
};

/// The window's n values (scipy.signal.get_window's), n ≥ 1.
Tensor make_window(WindowKind kind, i64 n, const WindowOptions& options = {},
                   Dtype dtype = Dtype::f32);
/// "hann", "hamming", …; throws Error that lists them.
WindowKind parse_window(std::string_view name);

}  // namespace melgrad
