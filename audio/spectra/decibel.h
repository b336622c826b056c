#pragma once
#include <limits>
#include <optional>

#include "tensor/tensor.h"

namespace melgrad {

inline constexpr double reference_maximum = std::numeric_limits<double>::quiet_NaN();

struct DecibelOptions {
  double ref = 1;  // 0 dB, or reference_maximum: the largest value (of the whole tensor)
  std::optional<double> amin = {};    // smaller values count as this: power 1e-10, amplitude 1e-5
  std::optional<double> top_db = 80;  // nothing is further below the largest value of the tensor
};

/// 10 log10(max(S, amin) / max(ref, amin)), then at least max − top_db.
Tensor power_to_db(const Tensor& power, const DecibelOptions& options = {});
/// power_to_db of S², with amin² and ref².
Tensor amplitude_to_db(const Tensor& amplitude, const DecibelOptions& options = {});
/// ref · 10^(db/10)
Tensor db_to_power(const Tensor& db, double ref = 1);
/// ref · 10^(db/20)
Tensor db_to_amplitude(const Tensor& db, double ref = 1);

}  // namespace melgrad
