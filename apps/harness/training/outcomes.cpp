#include "apps/harness/training/outcomes.h"

#include <utility>

#include "tensor/ops.h"

namespace melgrad {

constexpr std::size_t sent_together = 16;

std::vector<Outcomes::Outcome> Outcomes::arrived() {
  if (said_.empty()) return {};
  if (said_.front().loss_and_right.device().is_cpu()) return all();
  if (said_.size() < sent_together) return {};
  std::vector<Outcome> before = take_sent();  // while the device is at the batches that said_ is of
  send();
  return before;
}

std::vector<Outcomes::Outcome> Outcomes::all() {
  std::vector<Outcome> outcomes = take_sent();
  send();
  for (const Outcome& outcome : take_sent()) outcomes.push_back(outcome);
  return outcomes;
}

void Outcomes::send() {
  if (said_.empty()) return;
  std::vector<Tensor> values;
  for (const Said& said : std::exchange(said_, {})) {
    values.push_back(said.loss_and_right);
    sent_clips_.push_back(said.clips);
  }
  sent_.start(stack(values));
}

std::vector<Outcomes::Outcome> Outcomes::take_sent() {
  std::vector<Outcome> outcomes;
  if (sent_clips_.empty()) return outcomes;
  std::vector<double> values = sent_.finish().to_vector<double>();
  for (std::size_t i = 0; i < sent_clips_.size(); ++i)
    outcomes.push_back({values[2 * i], values[2 * i + 1], sent_clips_[i]});
  sent_clips_.clear();
  return outcomes;
}

}  // namespace melgrad
