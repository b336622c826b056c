#include "audio/collections/loader.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "kernels/backend.h"

namespace melgrad {

struct Loader::State {
  i64 count, ahead;
  std::function<Tensor(i64)> load;

  std::mutex mutex;
  std::condition_variable changed;
  i64 next_to_load = 0, next_to_give = 0;
  std::map<i64, Item> ready;
  bool stopping = false;
  std::vector<std::thread> workers;

  void work();
};

void Loader::State::work() {
  OneThread alone;
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [&] {
      return stopping || next_to_load >= count || next_to_load < next_to_give + ahead;
    });
    if (stopping || next_to_load >= count) return;
    Item item{next_to_load++, {}, {}};
    lock.unlock();
    try {
      item.value = load(item.index);
    } catch (const std::exception& problem) {
      item.error = problem.what();
    }
    lock.lock();
    ready.emplace(item.index, std::move(item));
    changed.notify_all();
  }
}

Loader::Loader(i64 count, std::function<Tensor(i64)> load, int workers, i64 ahead)
    : state_(std::make_unique<State>()) {
  check(workers >= 1 && ahead >= 1, "loader", "{} workers, {} items ahead: both must be positive",
        workers, ahead);
  state_->count = count;
  state_->ahead = std::max<i64>(ahead, workers);
  state_->load = std::move(load);
  for (int i = 0; i < workers; ++i) state_->workers.emplace_back([this] { state_->work(); });
}

Loader::~Loader() {
  {
    std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

std::optional<Loader::Item> Loader::next() {
  std::unique_lock lock(state_->mutex);
  if (state_->next_to_give >= state_->count) return std::nullopt;
  state_->changed.wait(lock, [&] { return state_->ready.contains(state_->next_to_give); });
  Item item = std::move(state_->ready.extract(state_->next_to_give).mapped());
  ++state_->next_to_give;
  state_->changed.notify_all();
  return item;
}

Loaded load_all(const std::vector<Example>& examples,
                const std::function<Tensor(const Example&)>& load,
                const std::function<void(i64, i64)>& progress) {
  Loaded loaded;
  auto total = static_cast<i64>(examples.size());
  Loader loader(
      total, [&](i64 i) { return load(examples[static_cast<std::size_t>(i)]); }, num_threads());
  while (auto item = loader.next()) {
    const Example& example = examples[static_cast<std::size_t>(item->index)];
    if (item->value.defined()) {
      loaded.items.push_back(std::move(item->value));
      loaded.examples.push_back(example);
    } else {
      loaded.skipped.push_back({example.path, item->error});
    }
    if (progress) progress(item->index + 1, total);
  }
  return loaded;
}

}  // namespace melgrad
