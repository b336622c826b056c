#include "optim/tsne.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/principal_components.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double least_p = std::numeric_limits<double>::epsilon();  // as scikit-learn has it
constexpr double spread = 1e-4;                                     // of the start

// --- affinities

// Squared distances of point i from all, less that of its nearest: a factor of all p(j|i), without
// which exp would be 0 for every point that lies far from the others.
void distances_from(i64 i, const Tensor& points, std::vector<double>& distances) {
  const i64 n = points.dim(0), d = points.dim(1);
  const auto* x = points.data<double>();
  double nearest = infinity;
  for (i64 j = 0; j < n; ++j) {
    double sum = 0;
    for (i64 k = 0; k < d; ++k) {
      double difference = x[i * d + k] - x[j * d + k];
      sum += difference * difference;
    }
    distances[static_cast<std::size_t>(j)] = sum;
    if (j != i) nearest = std::min(nearest, sum);
  }
  for (double& distance : distances) distance -= nearest;
}

// p_j ∝ exp(−β distance_j), p_i = 0; their entropy −Σ p log p = log Σ exp + β Σ p distance
double shares(double beta, i64 i, const std::vector<double>& distances, std::vector<double>& p) {
  double sum = 0, product = 0;
  for (std::size_t j = 0; j < p.size(); ++j) {
    p[j] = static_cast<i64>(j) == i ? 0 : std::exp(-beta * distances[j]);
    sum += p[j];
    product += p[j] * distances[j];
  }
  for (double& share : p) share /= sum;
  return std::log(sum) + beta * product / sum;
}

// The steps of scikit-learn's _binary_search_perplexity.
void search(double entropy, i64 i, const std::vector<double>& distances, std::vector<double>& p) {
  constexpr int steps = 100;
  constexpr double tolerance = 1e-5;
  double beta = 1, low = -infinity, high = infinity;
  for (int step = 0; step < steps; ++step) {
    double excess = shares(beta, i, distances, p) - entropy;
    if (std::abs(excess) <= tolerance) return;
    (excess > 0 ? low : high) = beta;
    if (excess > 0)
      beta = high == infinity ? beta * 2 : (beta + high) / 2;
    else
      beta = low == -infinity ? beta / 2 : (beta + low) / 2;
  }
}

// p = max((p + pᵀ) / Σ, least), 0 on the diagonal
void make_symmetric(Tensor& p) {
  const i64 n = p.dim(0);
  auto* values = p.data<float>();
  double total = sum(p).item() * 2;
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < i; ++j) {
      double both = static_cast<double>(values[i * n + j]) + static_cast<double>(values[j * n + i]);
      values[i * n + j] = values[j * n + i] = static_cast<float>(std::max(both / total, least_p));
    }
}

// --- what pairs of points do to each other

// Backend::tsne_sums
Tensor sums_of(const Tensor& p, const Tensor& y) {
  const i64 n = y.dim(1);
  check(y.dim(0) == 2 && p.shape() == Shape({n, n}) && p.dtype() == y.dtype() &&
            p.is_contiguous() && y.is_contiguous(),
        "tsne", "needs p (n, n) and y (2, n): {}, {}", p, y);
  Tensor sums = empty({5, n}, y.dtype(), y.device());
  backend(y.device()).tsne_sums(y.dtype(), n, p.raw(), y.raw(), sums.raw());
  return sums;
}

// --- where the points begin

Tensor random_start(const Shape& shape, u64 seed) {
  Generator generator(seed);
  return randn(shape, generator, 0, spread, Dtype::f64);
}

// (2, n) f64
Tensor start_of(const Tensor& points, const TsneOptions& options) {
  Tensor start = random_start({2, points.dim(0)}, options.seed);
  if (options.start == TsneStart::random) return start;
  auto [scores, variances] = principal_components(points, 2);
  const auto* variance = variances.data<double>();
  double scale = max(abs(points)).item(), first = std::sqrt(variance[0]);
  for (i64 k = 0; k < 2; ++k) {
    bool is_rounding = variance[k] <= 1e-20 * scale * scale || variance[k] <= 1e-12 * variance[0];
    if (!is_rounding) start.select(0, k).copy_(scores.select(1, k) * (spread / first));
  }
  return start;
}

// --- descent

class Descent {
 public:
  Descent(Tensor p, Tensor start, double rate)
      : p_(std::move(p)), y_(std::move(start)), rate_(rate) {
    rest();
  }

  const Tensor& y() const { return y_; }
  double divergence() const { return tsne_divergence(p_, y_); }
  /// The next step has nothing to go on with.
  void rest() {
    update_ = zeros_like(y_);
    gains_ = full(y_.shape(), 1, y_.dtype(), y_.device());
  }

  /// A coordinate that goes on in its direction gains by .2, one that turns loses a fifth (Jacobs
  /// 1988). Returns the length of the gradient, each coordinate times its gain, if it is asked for.
  double step(double momentum, double exaggeration, bool wants_length) {
    Tensor gradient = tsne_gradient(p_, y_, exaggeration);
    gains_ = where(update_ * gradient < 0, gains_ + .2, gains_ * .8);
    gains_ = clamp(gains_, .01, infinity);
    gradient = gradient * gains_;
    update_ = update_ * momentum - gradient * rate_;
    y_ = y_ + update_;
    return wants_length ? std::sqrt(sum(square(gradient)).item()) : infinity;
  }

 private:
  Tensor p_;                   // (n, n)
  Tensor y_, update_, gains_;  // (2, n)
  double rate_;
};

// scikit-learn's two rounds, of momentum .5 and .8. Returns how many iterations were made.
i64 descend(Descent& descent, const TsneOptions& o) {
  constexpr i64 every = 50, patience = 300;
  constexpr double least_length = 1e-7;
  double best = infinity;
  i64 best_at = 0, done = 0;
  bool rests = false;  // nothing moves in this round any more
  while (done < o.iterations && !rests) {
    bool early = done < o.exaggerated;
    if (done == o.exaggerated) descent.rest();
    bool asks = (done + 1) % every == 0;
    double length = early ? descent.step(.5, o.exaggeration, asks) : descent.step(.8, 1, asks);
    ++done;
    if (o.each) o.each(done);
    if (!asks || early) continue;
    rests = length <= least_length;
    if (double divergence = descent.divergence(); divergence < best) {
      best = divergence;
      best_at = done;
    } else if (done - best_at > patience) {
      break;
    }
  }
  return done;
}

void check_options(const Tensor& points, const TsneOptions& o) {
  check(points.rank() == 2 && points.numel() > 0, "tsne", "needs points (n, d): {}", points);
  check(is_floating(points.dtype()) && min(isfinite(points)).item() == 1, "tsne",
        "the points are not all finite numbers: {}", points);
  check(o.perplexity >= 1 && std::isfinite(o.perplexity), "tsne",
        "the perplexity is {}: at least 1", o.perplexity);
  check(o.iterations >= 1 && o.exaggerated >= 0, "tsne", "{} iterations, {} of them exaggerated",
        o.iterations, o.exaggerated);
  check(o.exaggeration > 0 && o.learning_rate >= 0, "tsne", "exaggeration {}, learning rate {}",
        o.exaggeration, o.learning_rate);
}

}  // namespace

Tensor tsne_affinities(const Tensor& points, double perplexity) {
  check(points.rank() == 2, "tsne", "needs points (n, d): {}", points);
  Tensor x = points.to(Device::cpu()).to(Dtype::f64).contiguous();
  const i64 n = x.dim(0);
  Tensor p = zeros({n, n});
  if (n < 2) return p;
  std::vector<double> distances(static_cast<std::size_t>(n)), row(distances.size());
  for (i64 i = 0; i < n; ++i) {
    distances_from(i, x, distances);
    search(std::log(perplexity), i, distances, row);
    std::transform(row.begin(), row.end(), p.data<float>() + i * n,
                   [](double share) { return static_cast<float>(share); });
  }
  make_symmetric(p);
  return p;
}

Tensor tsne_gradient(const Tensor& p, const Tensor& y, double exaggeration) {
  Tensor sums = sums_of(p, y);
  Tensor pull = sums.slice(0, 0, 2), push = sums.slice(0, 2, 4), weights = sum(sums.select(0, 4));
  return (pull * exaggeration - push / weights) * 4;
}

// log q_ij = log w_ij − log Σ w:  Σ p log p − Σ p log w + Σ p · log Σ w, in blocks of rows.
double tsne_divergence(const Tensor& p, const Tensor& y) {
  constexpr i64 block = 256;
  double divergence = 0, total = 0;
  for (i64 i = 0; i < y.dim(1); i += block) {
    Tensor rows = p.slice(0, i, i + block);
    Tensor squares = sum(square(y.slice(1, i, i + block).unsqueeze(2) - y.unsqueeze(1)), {0});
    divergence += sum(rows * (log(clamp(rows, least_p, 1)) + log1p(squares))).item();
    total += sum(rows).item();
  }
  return divergence + total * std::log(sum(sums_of(p, y).select(0, 4)).item());
}

Tsne tsne(const Tensor& points, const TsneOptions& options) {
  check_options(points, options);
  const i64 n = points.dim(0);
  if (n == 1) return {.points = zeros({1, 2}, options.dtype)};
  Tensor x = points.to(Device::cpu()).to(Dtype::f64);
  double most = std::max(1., static_cast<double>(n - 1) / 3);
  double perplexity = std::min(options.perplexity, most);
  auto place = [&](const Tensor& each) { return each.to(options.dtype).to(options.device); };
  double rate = options.learning_rate;
  if (rate == 0) rate = std::max(static_cast<double>(n) / options.exaggeration / 4, 50.);
  Descent descent(place(tsne_affinities(x, perplexity)), place(start_of(x, options)).contiguous(),
                  rate);
  i64 iterations = descend(descent, options);
  return {.points = descent.y().transpose(0, 1).to(Device::cpu()).contiguous(),
          .divergence = std::max(0., descent.divergence()),  // −1e-8 is rounding
          .perplexity = perplexity,
          .iterations = iterations};
}

}  // namespace melgrad
