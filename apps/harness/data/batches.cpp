#include "apps/harness/data/batches.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "apps/harness/data/mixup.h"
#include "audio/collections/loader.h"
#include "kernels/error.h"
#include "kernels/profile/profile.h"

namespace melgrad {
namespace {

// On the CPU the net has the cores: one thread copies rows in a fraction of a step (bench_epoch).
// Augmentation, noise above all, may take as long as a step, which more threads share; who is ahead
// stands still.
int loader_threads(Device device, bool augments) {
  int most = device.is_cpu() ? (augments ? 4 : 1) : 8;
  return std::min(num_threads(), most);
}

}  // namespace

struct Batches::State {
  State(const Examples& from, const FittedView& by, std::vector<i64> some, i64 at_a_time, Device to,
        Pass how)
      : examples(from),
        view(by),
        indices(std::move(some)),
        size(static_cast<std::size_t>(at_a_time)),
        device(to),
        pass(how),
        upload(to) {
    check(at_a_time >= 1, "batches", "{} examples at a time: it must be positive", at_a_time);
    if (!examples.device().is_cpu()) return;
    bool augments = pass.kind != Pass::Kind::plain && pass.kind != Pass::Kind::variant &&
                    view.view().augmentation.any();
    int threads = loader_threads(device, augments);
    loader = std::make_unique<Loader>(
        count(), [this](i64 i) { return seen(i); }, threads, threads + 1);
  }

  i64 count() const { return static_cast<i64>((indices.size() + size - 1) / size); }

  std::vector<i64> indices_of(i64 batch) const {
    auto begin = static_cast<std::size_t>(batch) * size,
         end = std::min(begin + size, indices.size());
    return {indices.begin() + static_cast<std::ptrdiff_t>(begin),
            indices.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  Tensor seen(i64 batch) const {
    Span span("make a batch");
    std::vector<i64> some = indices_of(batch);
    switch (pass.kind) {
      case Pass::Kind::plain: return view(examples.gather(some));
      case Pass::Kind::training: {
        Tensor rows = examples.gather(some, view.variants(pass.seed, pass.number, some));
        return mixed(view.augmented(rows, pass.seed, pass.number, some), some);
      }
      case Pass::Kind::test_copy: {
        std::vector<i64> variants(some.size(), view.variant_of_copy(pass.number));
        // Epochs count from 0 upwards, copies from −1 downwards: no copy is drawn as in an epoch.
        return view.augmented(examples.gather(some, variants), pass.seed, -1 - pass.number, some);
      }
      case Pass::Kind::variant:
        return view(examples.gather(some, std::vector<i64>(some.size(), pass.number)));
    }
    return {};
  }

  bool mixes() const { return pass.kind == Pass::Kind::training && pass.mixup > 0; }

  // By the batch's first example and the epoch: an epoch that is resumed in its middle is mixed as
  // it would have been.
  Mixup mixup_of(const std::vector<i64>& some) const {
    constexpr u64 stream = 0x6d697875;  // apart from the first example's own
    Generator generator = sample_generator(pass.seed, pass.number, some.front()).fork(stream);
    return draw_mixup(static_cast<i64>(some.size()), pass.mixup, generator);
  }

  Tensor mixed(const Tensor& x, const std::vector<i64>& some) const {
    return mixes() ? mixup_of(some).mixed(x) : x;
  }

  Tensor loaded() {
    if (!loader) return seen(next);
    auto begin = std::chrono::steady_clock::now();
    std::optional<Span> span("wait for a batch");
    auto item = loader->next();
    span.reset();
    waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (!item->value.defined()) {
      next = count();  // nothing comes after an error
      throw Error(item->error);
    }
    return std::move(item->value);
  }

  void prefetch() {
    if (prefetched || next >= count()) return;
    upload.start(loaded());
    std::vector<i64> some = indices_of(next), classes = examples.labels(some);
    labels = from_vector(classes).to(device);
    auto class_count = static_cast<i64>(examples.collection().classes.size());
    if (mixes()) targets = mixup_of(some).targets(classes, class_count).to(device);
    prefetched = true;
    ++next;
  }

  const Examples& examples;
  const FittedView& view;
  std::vector<i64> indices;
  std::size_t size;
  Device device;
  Pass pass;
  i64 next = 0;  // batch that was not prefetched yet
  bool prefetched = false;
  double waited = 0;
  Upload upload;
  Tensor labels, targets;
  std::unique_ptr<Loader> loader;  // its threads read what stands above; null: rows are on a GPU
};

Batches::Batches(const Examples& examples, const FittedView& view, std::vector<i64> indices,
                 i64 size, Device device, Pass pass)
    : state_(std::make_unique<State>(examples, view, std::move(indices), size, device, pass)) {}

Batches::~Batches() = default;

std::optional<Batch> Batches::next() {
  state_->prefetch();
  if (!state_->prefetched) return std::nullopt;
  state_->prefetched = false;
  return Batch{state_->upload.finish(), std::move(state_->labels), std::move(state_->targets)};
}

void Batches::prefetch() { state_->prefetch(); }

double Batches::waited() const { return state_->waited; }

}  // namespace melgrad
