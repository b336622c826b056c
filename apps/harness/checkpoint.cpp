#include "apps/harness/trainer.h"
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

constexpr i64 columns = 6;

std::vector<double> row_of(const Epoch& e) {
  return {e.train_loss, e.train_accuracy, e.valid_loss, e.valid_accuracy, e.lr, e.seconds};
}

Epoch epoch_of(const std::vector<double>& values, std::size_t row) {
  const double* v = values.data() + row * static_cast<std::size_t>(columns);
  return {v[0], v[1], v[2], v[3], v[4], v[5]};
}

}  // namespace

void Trainer::save(const std::filesystem::path& checkpoint) const {
  StateDict file;
  put(file, "net.", net_.state_dict());
  put(file, "best.", best_);
  put(file, "optimizer.", optimizer_->state_dict());
  put(file, "plateau.", plateau_.state_dict());
  put(file, "early_stopping.", stopping_.state_dict());

  std::vector<double> rows = row_of(running_);
  for (const Epoch& epoch : history_)
    for (double value : row_of(epoch)) rows.push_back(value);
  file["trainer.epochs"] =
      from_vector(rows, {static_cast<i64>(rows.size()) / columns, columns});  // row 0: running
  file["trainer.seconds"] = from_vector(std::vector<double>{seconds_});
  file["trainer.counters"] =
      from_vector(std::vector<i64>{next_batch_, static_cast<i64>(generator_.seed()),
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
  check(counters.size() == 4 && rows.size() % columns == 0 && !rows.empty(), "resume",
        "{} is a checkpoint of another version", checkpoint);
  check(static_cast<u64>(counters[3]) == seed_, "resume", "{} is of seed {}, not {}", checkpoint,
        static_cast<u64>(counters[3]), seed_);

  net_.load_state_dict(take(file, "net."));
  best_ = take(file, "best.");
  optimizer_->load_state_dict(take(file, "optimizer."));
  recorded_.reset();  // it knows the optimiser's earlier memory
  plateau_.load_state_dict(take(file, "plateau."));
  stopping_.load_state_dict(take(file, "early_stopping."));
  next_batch_ = counters[0];
  generator_.set_state(static_cast<u64>(counters[1]), static_cast<u64>(counters[2]));
  seconds_ = entry("trainer.seconds").item();
  running_ = epoch_of(rows, 0);
  history_.clear();
  for (std::size_t row = 1; row < rows.size() / columns; ++row)
    history_.push_back(epoch_of(rows, row));
  ended_ = read.metadata.at("ended");
}

}  // namespace melgrad
