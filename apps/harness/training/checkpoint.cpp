#include "apps/harness/training/trainer.h"
#include "kernels/error.h"
#include "tensor/files/safetensors.h"

/// Trainer's checkpoint: one safetensors file. Numbers are f64 and i64 tensors, so that they come
/// back with the same bits; names begin with what they belong to ("net.", "best.", "optimizer.").
namespace melgrad {
namespace {

void put(StateDict& file, const std::string& prefix, const StateDict& state) {
  for (const auto& [name, value] : state) file[prefix + name] = value;
}

StateDict take(const StateDict& file, const std::string& prefix) {
  StateDict state;
  for (const auto& [name, value] : file)
    if (name.rfind(prefix, 0) == 0) state[name.substr(prefix.size())] = value;
  return state;
}

constexpr i64 columns = 7;

std::vector<double> row_of(const Epoch& epoch) {
  const auto& [train_loss, train_accuracy, valid_loss, valid_accuracy, lr, seconds, waited] = epoch;
  return {train_loss, train_accuracy, valid_loss, valid_accuracy, lr, seconds, waited};
}

Epoch epoch_of(const std::vector<double>& values, std::size_t row) {
  const double* v = values.data() + row * static_cast<std::size_t>(columns);
  return {v[0], v[1], v[2], v[3], v[4], v[5], v[6]};
}

std::vector<i64> epochs_of(const Recipe& recipe) {
  std::vector<i64> epochs;
  for (const Stage& stage : recipe.stages) epochs.push_back(stage.epochs);
  return epochs;
}

// Of a rate whose whole course was laid out for so many epochs there is nothing beyond them.
void check_epochs(const std::vector<i64>& then, const Recipe& recipe) {
  std::vector<i64> now = epochs_of(recipe);
  check(then.size() == now.size(), "resume", "the training had {} stages, not {}", then.size(),
        now.size());
  for (std::size_t s = 0; s < now.size(); ++s) {
    const Course& course = recipe.stages[s].course;
    bool laid_out =
        std::holds_alternative<OneCycle>(course) || std::holds_alternative<Cosine>(course);
    bool may_differ = s + 1 == now.size() && !laid_out;
    check(then[s] == now[s] || may_differ, "resume",
          "epochs: {} → {}: the rate's course was laid out for the former", then[s], now[s]);
  }
}

}  // namespace

void Trainer::save(const std::filesystem::path& checkpoint) const {
  StateDict file;
  put(file, "net.", net_.state_dict());
  put(file, "best.", best_);
  put(file, "optimizer.", optimizer_->state_dict());
  put(file, "rate.", rate_->state_dict());
  put(file, "early_stopping.", stopping_.state_dict());

  std::vector<double> rows = row_of(running_);
  for (const Epoch& epoch : history_)
    for (double value : row_of(epoch)) rows.push_back(value);
  file["trainer.epochs"] =
      from_vector(rows, {static_cast<i64>(rows.size()) / columns, columns});  // row 0: running
  file["trainer.seconds"] = from_vector(std::vector<double>{seconds_});
  file["trainer.stage_epochs"] = from_vector(epochs_of(recipe_));
  file["trainer.counters"] = from_vector(std::vector<i64>{
      next_batch_, running_clips_, static_cast<i64>(stage_), static_cast<i64>(generator_.seed()),
      static_cast<i64>(generator_.offset()), static_cast<i64>(seed_)});
  save_safetensors(checkpoint, file, {{"ended", ended_}});
}

void Trainer::load(const std::filesystem::path& checkpoint) {
  TensorFile read = load_safetensors(checkpoint);
  const StateDict& file = read.tensors;
  auto entry = [&](const char* name) -> const Tensor& {
    auto found = file.find(name);
    check(found != file.end(), "resume", "{} is no checkpoint of this program: {} is missing",
          checkpoint, name);
    return found->second;
  };
  std::vector<i64> counters = entry("trainer.counters").to_vector<i64>();
  std::vector<double> rows = entry("trainer.epochs").to_vector<double>();
  check(counters.size() == 6 && rows.size() % columns == 0 && !rows.empty(), "resume",
        "{} is a checkpoint of another version", checkpoint);
  check(static_cast<u64>(counters[5]) == seed_, "resume", "{} is of seed {}, not {}", checkpoint,
        static_cast<u64>(counters[5]), seed_);
  auto done = static_cast<i64>(rows.size()) / columns - 1;
  check(done <= recipe_.epochs(), "resume", "{} has {} epochs already, more than the {} asked for",
        checkpoint, done, recipe_.epochs());
  check_epochs(entry("trainer.stage_epochs").to_vector<i64>(), recipe_);

  net_.load_state_dict(take(file, "net."));
  best_ = take(file, "best.");
  begin_stage(static_cast<std::size_t>(counters[2]));
  optimizer_->load_state_dict(take(file, "optimizer."));
  rate_->load_state_dict(take(file, "rate."));
  stopping_.load_state_dict(take(file, "early_stopping."));
  next_batch_ = counters[0];
  running_clips_ = counters[1];
  generator_.set_state(static_cast<u64>(counters[3]), static_cast<u64>(counters[4]));
  seconds_ = entry("trainer.seconds").item();
  running_ = epoch_of(rows, 0);
  history_.clear();
  for (std::size_t row = 1; row < rows.size() / columns; ++row)
    history_.push_back(epoch_of(rows, row));
  ended_ = read.metadata.at("ended");
  bool had_all = ended_.rfind("all ", 0) == 0;
  if (had_all && done < recipe_.epochs()) ended_.clear();
}

}  // namespace melgrad
