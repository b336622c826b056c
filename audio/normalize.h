#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// (x − min) / (max − min) of each frame of x (…, bands, frames): study B. A constant frame gives 0.
Tensor frame_min_max(const Tensor& x);
/// (x − mean) / std of the whole tensor: study E's waveforms. A constant gives 0.
Tensor z_score(const Tensor& x);

/// Mean and standard deviation of a training set, over everything or a band (row) each.
struct Scaling {
  Tensor mean, std;                          // 0-d, or (bands, 1)
  Tensor operator()(const Tensor& x) const;  // (x − mean) / std
};
/// examples (…, bands, frames) each; of varying length is fine. Throws Error if there are none.
Scaling fit_scaling(const std::vector<Tensor>& examples, bool per_band);

}  // namespace melgrad
