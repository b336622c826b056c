#include "kernels/cudasim/libraries/calls.h"

#include <optional>
#include <utility>

#include "kernels/cudasim/device_memory.h"

namespace melgrad::sim {
namespace {

struct Calls {
  std::vector<std::string>* list = nullptr;
  std::optional<std::size_t> until_failure;
  std::size_t objects = 0, room = 0;
};
Calls& calls() {
  static Calls all;
  return all;
}

}  // namespace

void fail_call(std::size_t number) { calls().until_failure = number; }
bool fail_no_call() { return std::exchange(calls().until_failure, {}).has_value(); }

std::vector<std::string> calls_of(const std::function<void()>& work) {
  std::vector<std::string> names;
  calls().list = &names;
  try {
    work();
  } catch (...) {
    calls().list = nullptr;
    throw;
  }
  calls().list = nullptr;
  return names;
}

std::size_t live_objects() { return calls().objects; }

void need_room(std::size_t bytes) { calls().room = bytes; }

bool has_room() { return device_bytes_free() >= calls().room; }

bool is_to_fail(std::string_view call) {
  Calls& all = calls();
  if (all.list) all.list->emplace_back(call);
  if (!all.until_failure) return false;
  if ((*all.until_failure)-- > 0) return false;
  all.until_failure.reset();
  return true;
}

void count_object(int change) { calls().objects += static_cast<std::size_t>(change); }

}  // namespace melgrad::sim
