#include "apps/harness/data/view.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

/// A row in memory around its bands: (outer, bands, inner).
struct Bands {
  i64 outer = 1, bands = 1, inner = 1;
};

// Rows lie as (H, W, C). Bands are rows of a spectrum or picture, with frames first its columns.
Bands bands_of(const Shape& row, NormaliseBy by, bool frames_first) {
  if (by == NormaliseBy::training_part) return {1, 1, row.numel()};
  if (row.rank() == 1) return {1, row[0], 1};
  if (frames_first) return {row[1], row[2], row[0]};
  return {1, row[1], row[2] * row[0]};
}

/// Mean and sum of squares about it, of blocks that come one after the other: Chan, Golub & LeVeque
/// 1983. A mean far from 0 costs no digits.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(double n, double its_mean, double its_squares) {
    double step = its_mean - mean;
    squares += its_squares + step * step * count * n / (count + n);
    mean += step * n / (count + n);
    count += n;
  }
};

/// What a net sees of a stored value.
double value_of(float stored) { return stored; }
double value_of(u8 stored) { return static_cast<float>(stored) / 255.F; }

template <class T>
void add_row(const T* row, const Bands& s, std::vector<Moments>& moments) {
  auto n = static_cast<double>(s.outer * s.inner);
  for (i64 band = 0; band < s.bands; ++band) {
    auto sum_of = [&](auto term) {
      double sum = 0;
      for (i64 o = 0; o < s.outer; ++o)
        for (i64 i = 0; i < s.inner; ++i)
          sum += term(value_of(row[(o * s.bands + band) * s.inner + i]));
      return sum;
    };
    double mean = sum_of([](double x) { return x; }) / n;
    double squares = sum_of([&](double x) { return (x - mean) * (x - mean); });
    moments[static_cast<std::size_t>(band)].add(n, mean, squares);
  }
}

Normalisation fit(const Examples& examples, const std::vector<i64>& part, const Bands& bands) {
  check(!part.empty(), "view", "there are no training examples to take the mean of");
  std::vector<Moments> moments(static_cast<std::size_t>(bands.bands));
  i64 values = bands.outer * bands.bands * bands.inner;
  constexpr i64 values_at_a_time = i64{1} << 18U;  // 1 MB
  auto at_a_time = static_cast<std::size_t>(std::max<i64>(values_at_a_time / values, 1));
  for (std::size_t begin = 0; begin < part.size(); begin += at_a_time) {
    std::size_t end = std::min(begin + at_a_time, part.size());
    Tensor rows = examples.gather({part.begin() + static_cast<std::ptrdiff_t>(begin),
                                   part.begin() + static_cast<std::ptrdiff_t>(end)});
    rows = rows.to(Device::cpu());
    for (i64 i = 0; i < rows.dim(0); ++i) {
      if (rows.dtype() == Dtype::u8)
        add_row(rows.data<u8>() + i * values, bands, moments);
      else
        add_row(rows.data<float>() + i * values, bands, moments);
    }
  }
  Normalisation fitted;
  for (const Moments& band : moments) {
    double deviation = std::sqrt(band.squares / band.count);
    fitted.mean.push_back(band.mean);
    fitted.std.push_back(deviation > 0 ? deviation : 1);  // a constant becomes 0, not NaN
  }
  return fitted;
}

/// Keys of the streams that augmentations draw from.
enum class Draws : u64 { zoom, time_flip, noise, time_shift, spec_augment, variant };

Generator stream(const Generator& generator, Draws what) {
  return generator.fork(static_cast<u64>(what));
}

}  // namespace

bool Augmentation::any() const {
  return zoom > 0 || time_flip > 0 || noise > 0 || time_shift > 0 || spec_augment || variants;
}

void check_copies(const View& view) {
  check(view.test.copies == 0 || view.augmentation.any(), "test time",
        "nothing augments the {} copies of a test clip: they would all be equal", view.test.copies);
}

FittedView::FittedView(const Examples& examples, const View& view,
                       const std::vector<i64>& training_part)
    : view_(view), row_(examples.input().shape()), stored_variants_(examples.variants()) {
  frames_first_ = examples.input().frames_first();
  check_possible();
  if (view.normalise != NormaliseBy::nothing)
    normalisation_ = fit(examples, training_part, bands_of(row_, view.normalise, frames_first_));
}

void FittedView::check_possible() const {
  const Augmentation& a = view_.augmentation;
  check(view_.channels == 0 || (row_.rank() == 3 && (row_[0] == 1 || row_[0] == view_.channels)),
        "view", "one channel can be repeated: rows {} do not become {} channels", row_,
        view_.channels);
  bool along_axes = a.zoom > 0 || a.time_flip > 0 || a.time_shift > 0 || a.spec_augment;
  check(row_.rank() == 3 || !along_axes, "view", "columns of a table have no time: rows {}", row_);
  check(a.zoom >= 0 && a.zoom < 1 && a.time_flip >= 0 && a.time_flip <= 1 && a.noise >= 0 &&
            a.time_shift >= 0,
        "view", "zoom {}, time flip {}, noise {} or time shift {} is out of bounds", a.zoom,
        a.time_flip, a.noise, a.time_shift);
  check(stored_variants_ > 1 || !(a.variants || view_.test.variants), "view",
        "the input has no variants");
  check_copies(view_);
}

Shape FittedView::shape() const {
  Shape shape = row_;
  if (view_.channels > 0) shape[0] = view_.channels;
  return shape;
}

Tensor FittedView::normalised(const Tensor& rows) const {
  Tensor x = rows.dtype() == Dtype::u8 ? rows.to(Dtype::f32) / 255. : rows;
  return normalisation_(x, frames_first_);
}

Tensor FittedView::with_channels(const Tensor& x) const {
  if (view_.channels == 0 || x.dim(1) == view_.channels) return x;
  return x.expand({x.dim(0), view_.channels, x.dim(2), x.dim(3)}).channels_last();
}

Tensor FittedView::operator()(const Tensor& rows) const { return with_channels(normalised(rows)); }

// x (C, H, W) or (D)
Tensor FittedView::augment(const Tensor& example, const Generator& generator) const {
  const Augmentation& a = view_.augmentation;
  Tensor x = frames_first_ ? example.transpose(-1, -2) : example;  // time is the last axis
  auto apply = [&](Draws what, auto augmentation) {
    Generator draws = stream(generator, what);
    x = augmentation(draws);
  };
  if (a.zoom > 0)
    apply(Draws::zoom, [&](Generator& draws) { return random_zoom(x, a.zoom, draws); });
  if (a.time_flip > 0)
    apply(Draws::time_flip,
          [&](Generator& draws) { return random_time_flip(x, draws, a.time_flip); });
  if (a.time_shift > 0)
    apply(Draws::time_shift, [&](Generator& draws) { return time_shift(x, a.time_shift, draws); });
  if (a.noise > 0)
    apply(Draws::noise,
          [&](Generator& draws) { return x + randn(x.shape(), draws, 0, a.noise).to(x.device()); });
  if (a.spec_augment)
    apply(Draws::spec_augment,
          [&](Generator& draws) { return spec_augment(x, *a.spec_augment, draws); });
  return frames_first_ ? x.transpose(-1, -2) : x;
}

Tensor FittedView::augmented(const Tensor& rows, u64 seed, i64 epoch,
                             const std::vector<i64>& indices) const {
  check(static_cast<i64>(indices.size()) == rows.dim(0), "view", "{} indices of {}", indices.size(),
        rows);
  Tensor x = normalised(rows);
  if (!view_.augmentation.any()) return with_channels(x);
  Tensor y = empty_like(x);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    auto at = static_cast<i64>(i);
    y.select(0, at).copy_(augment(x.select(0, at), sample_generator(seed, epoch, indices[i])));
  }
  return with_channels(y);
}

std::vector<i64> FittedView::variants(u64 seed, i64 epoch, const std::vector<i64>& indices) const {
  std::vector<i64> drawn(indices.size(), 0);
  if (!view_.augmentation.variants) return drawn;
  for (std::size_t i = 0; i < indices.size(); ++i)
    drawn[i] = stream(sample_generator(seed, epoch, indices[i]), Draws::variant)
                   .integer(0, stored_variants_);
  return drawn;
}

i64 FittedView::variant_of_copy(i64 copy) const {
  return view_.augmentation.variants ? 1 + copy % (stored_variants_ - 1) : 0;
}

}  // namespace melgrad
