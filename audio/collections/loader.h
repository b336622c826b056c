#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/collections/dataset.h"
#include "tensor/tensor.h"

namespace melgrad {

/// Runs load(0), load(1) … load(count − 1) on worker threads and hands the results out in that
/// order, so that a run does not depend on the number of workers. At most `ahead` results wait to
/// be fetched. Workers take part in the one setting of threads: each runs its kernels alone.
class Loader {
 public:
  struct Item {
    i64 index = 0;
    Tensor value;       // undefined if load threw
    std::string error;  // what it said
  };

  Loader(i64 count, std::function<Tensor(i64)> load, int workers, i64 ahead = 16);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader();  // stops the workers after what they are at

  /// The next item, waiting for it; nothing after the last.
  std::optional<Item> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What load_all() made of a collection: items[i] belongs to examples[i].
struct Loaded {
  std::vector<Tensor> items;
  std::vector<Example> examples;
  std::vector<Skipped> skipped;  // those that could not be loaded, and why
};
/// load(example) for every example, on num_threads() workers; progress(done, total) after each.
Loaded load_all(const std::vector<Example>& examples,
                const std::function<Tensor(const Example&)>& load,
                const std::function<void(i64, i64)>& progress = {});

}  // namespace melgrad
