#include "apps/harness/batches.h"

#include <algorithm>
#include <utility>

namespace melgrad {

Batches::Batches(const StudyData& data, std::vector<i64> indices, i64 size, Device device)
    : data_(data),
      indices_(std::move(indices)),
      size_(static_cast<std::size_t>(size)),
      device_(device),
      inputs_(device) {}

void Batches::prefetch() {
  if (prefetched_ || begin_ >= indices_.size()) return;
  auto end = std::min(begin_ + size_, indices_.size());
  std::vector<i64> some(indices_.begin() + static_cast<std::ptrdiff_t>(begin_),
                        indices_.begin() + static_cast<std::ptrdiff_t>(end));
  inputs_.start(data_.batch(some));
  labels_ = from_vector(data_.labels(some)).to(device_);
  prefetched_ = true;
}

std::optional<Batch> Batches::next() {
  if (begin_ >= indices_.size()) return std::nullopt;
  prefetch();
  prefetched_ = false;
  begin_ += size_;
  return Batch{inputs_.finish(), std::move(labels_)};
}

}  // namespace melgrad
