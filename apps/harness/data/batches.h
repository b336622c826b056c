#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "apps/harness/data/view.h"
#include "tensor/upload.h"

namespace melgrad {

struct Batch {
  Tensor x;        // (N, C, H, W) or (N, D) f32
  Tensor labels;   // (N) i64
  Tensor targets;  // (N, classes) f32: of a mixed batch the labels' shares, else undefined
  i64 size() const { return x.dim(0); }
};

/// How the examples of a pass are seen.
struct Pass {
  enum class Kind : u8 { plain, training, test_copy, variant } kind = Kind::plain;
  u64 seed = 0;
  i64 number = 0;    // of the epoch, the copy, the variant
  double mixup = 0;  // training: Beta's parameter (mixup.h); 0: examples stay apart
};

/// Examples on their way to a net, `size` at a time in the order of `indices`; the last batch may be
/// smaller. Loader threads gather and augment them, ahead of the net; where the rows are in a GPU's
/// memory, kernels do. While the device works with a batch the next one goes there:
///
///   while (auto batch = batches.next()) { submit(*batch); batches.prefetch(); … }
class Batches {
 public:
  Batches(const Examples& examples, const FittedView& view, std::vector<i64> indices, i64 size,
          Device device, Pass pass = {});
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;
  ~Batches();

  /// Nothing after the last. Throws Error if a row cannot be read.
  std::optional<Batch> next();
  /// Sends the batch that `next` will return on its way.
  void prefetch();
  /// Seconds for which the caller waited for the loader threads so far.
  double waited() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace melgrad
