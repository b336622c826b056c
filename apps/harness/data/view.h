#pragma once
#include <optional>
#include <vector>

#include "apps/harness/data/examples.h"
#include "apps/trained/trained_net.h"
#include "audio/augment.h"

namespace melgrad {

/// What is subtracted and divided by: nothing (the input did it), or the training part's mean and
/// deviation, of everything or of each band.
enum class NormaliseBy : u8 { nothing, training_part, training_bands };

/// What happens to a training example each time it is seen, by chance.
struct Augmentation {
  double zoom = 0;       // each axis by U(1 − zoom, 1 + zoom), nearest neighbour: study B
  double time_flip = 0;  // probability: study D. Time is the axis along which frames go
  double noise = 0;      // deviation of Gaussian noise, in normalised values
  i64 time_shift = 0;    // up to ± so many frames, around the end
  std::optional<SpecAugment> spec_augment = {};
  bool variants = false;  // one of the input's variants or the clip as it is, each as often

  bool any() const;
};

/// The example's own share beside its copies in fastai's Learner.tta (its beta).
inline constexpr double fastai_plain = .25;

/// What a test example's strengths are the mean of.
struct TestTime {
  /// Augmented as in training, each another of the input's variants if training takes these; 0: the
  /// example itself alone.
  i64 copies = 0;
  double plain = 0;       // share of the example itself beside the copies (fastai: .25)
  bool variants = false;  // all of the input's variants, the clip as it is among them
};

/// From stored rows to what a net sees.
struct View {
  NormaliseBy normalise = NormaliseBy::nothing;
  i64 channels = 0;  // a row's one channel repeated so often; 0: as it is
  Augmentation augmentation = {};
  TestTime test = {};
};

/// Throws Error where there are test-time copies that nothing augments.
void check_copies(const View& view);

/// A View of one training's examples, with that training part's statistics.
class FittedView {
 public:
  /// Reads the training part once, block by block, if its statistics are asked for: of each clip as
  /// it is, in f64. Throws Error on what the rows cannot be put through.
  FittedView(const Examples& examples, const View& view, const std::vector<i64>& training_part);

  const View& view() const { return view_; }
  const Normalisation& normalisation() const { return normalisation_; }
  Shape shape() const;  // of what the net sees: (C, H, W) or (D)

  /// Rows (N, …) as Examples::gather gives them -> what a net sees, f32; on the rows' device, by one
  /// thread of OpenMP's or many.
  Tensor operator()(const Tensor& rows) const;
  /// The same, augmented: example i of the batch by sample_generator(seed, epoch, indices[i]) alone.
  /// Each augmentation draws from a stream of its own, so that one more leaves the others' as they
  /// were.
  Tensor augmented(const Tensor& rows, u64 seed, i64 epoch, const std::vector<i64>& indices) const;
  /// Which variant of each example an epoch takes.
  std::vector<i64> variants(u64 seed, i64 epoch, const std::vector<i64>& indices) const;
  /// Which one a test example's copy takes: the distorted ones in turn.
  i64 variant_of_copy(i64 copy) const;

 private:
  void check_possible() const;
  Tensor normalised(const Tensor& rows) const;
  Tensor with_channels(const Tensor& x) const;
  Tensor augment(const Tensor& example, const Generator& generator) const;

  View view_;
  Normalisation normalisation_;
  Shape row_;
  i64 stored_variants_ = 1;
  bool frames_first_ = false;
};

}  // namespace melgrad
