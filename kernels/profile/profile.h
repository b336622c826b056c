#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/backend.h"

/// Where a program's time goes: every call of a Backend's method is timed while a Profile lives, and
/// spans that the program names. Without one, backend() hands out the backends themselves.
namespace melgrad {

/// A call on arrays of certain sizes.
struct ProfiledCall {
  std::string name = {};   // "conv2d": the method, or the operation that it was asked for
  std::string sizes = {};  // "f32 (64, 32, 32, 64) * (128, 3, 3, 64)"
  double flop = 0;         // multiplications and additions of its formula; 0 where it says little
  double bytes = 0;        // its arrays, each read or written once

  auto operator<=>(const ProfiledCall&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// All calls that were alike.
struct ProfileLine {
  ProfiledCall call;
  i64 calls = 0;
  double seconds = 0;
};

/// Times what all threads do from its construction on, one Profile at a time. A GPU is waited for
/// after every call, so that each has its own time; the host then never runs ahead.
class Profile {
 public:
  /// Of more than `most_events` calls and spans only the first are in the trace; lines() has all.
  explicit Profile(std::size_t most_events = 400'000);
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
  ~Profile();

  /// No more is recorded.
  void stop();

  std::vector<ProfileLine> lines() const;  // the costliest first
  double seconds() const;                  // that it lasted
  double seconds_in_calls() const;         // of the thread that began it
  /// Google's Trace Event Format, which ui.perfetto.dev and chrome://tracing open: a row a thread, calls
  /// within spans, with sizes, bytes, GFLOP/s and OpenMP's threads; and the memory in use.
  std::string trace() const;
  /// The costliest operations, and the costliest kinds of call, as text.
  std::string table(std::size_t rows = 20) const;
};

/// Whether a Profile lives.
bool profiling();

/// Names what this thread does while it lives; nothing where no Profile lives.
class Span {
 public:
  explicit Span(std::string_view name);
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  ~Span();

 private:
  std::optional<std::string> name_;
  i64 begin_ = 0;
};

}  // namespace melgrad
