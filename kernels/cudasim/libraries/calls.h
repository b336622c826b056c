#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The calls that a program makes of the three libraries, for tests: they can be listed, and each can be made to fail.
namespace melgrad::sim {

/// The call after `number` more gives an error status and does nothing else, except that what it was to destroy is destroyed.
void fail_call(std::size_t number);
/// True if the call that fail_call() chose was not made: no call fails any more.
bool fail_no_call();
/// The names of the calls that `work` makes, of those that can fail.
std::vector<std::string> calls_of(const std::function<void()>& work);
/// Handles, descriptors and plans that were made and not destroyed.
std::size_t live_objects();
/// From now on calls that allocate on the device, or load kernels there, do so only where it has so many bytes left; 0 at
/// first.
void need_room(std::size_t bytes);

/// For the stand-ins: counts a call; true if it is to fail.
bool is_to_fail(std::string_view call);
bool has_room();
void count_object(int change);

/// What an entry point does: `body`, or nothing but to give `error`. Every status of success is 0.
template <class Status, class Body>
Status entry(std::string_view call, Status error, Body body) {
  if (is_to_fail(call)) return error;
  body();
  return Status{};
}

/// The same for a call that allocates on the device or loads kernels there.
template <class Status, class Body>
Status loading_entry(std::string_view call, Status error, Status without_room, Body body) {
  if (is_to_fail(call)) return error;
  if (!has_room()) return without_room;
  body();
  return Status{};
}

}  // namespace melgrad::sim
