#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "kernels/profile/profile.h"

namespace melgrad {

/// What Profile has gathered. The only one is never destroyed: threads may outlive main().
class Recorder {
 public:
  static Recorder& get();

  bool is_on() const { return on_; }
  void begin(std::size_t most_events);
  void end();

  /// Nanoseconds since the profile began.
  i64 now() const;
  void add_call(const ProfiledCall& call, i64 begin, i64 end, std::size_t bytes_in_use);
  void add_span(const std::string& name, i64 begin, i64 end);

  std::vector<ProfileLine> lines() const;
  double seconds() const;
  double seconds_in_calls() const;
  std::string trace() const;

 private:
  struct Event {
    const ProfiledCall* call = nullptr;  // of a span only the name is set
    int thread = 0, openmp_threads = 0;
    i64 begin = 0, end = 0;
    std::size_t bytes_in_use = 0;
    bool is_span = false;
  };
  struct Total {
    i64 calls = 0, nanoseconds = 0;
  };
  void add(const Event& event);

  std::atomic<bool> on_ = false;
  std::atomic<i64> start_ = 0;  // in the steady clock's nanoseconds
  mutable std::mutex mutex_;    // of all below
  i64 duration_ = 0, nanoseconds_in_calls_ = 0;
  int thread_ = 0;  // that began
  std::size_t most_events_ = 0, events_left_out_ = 0;
  std::map<ProfiledCall, Total> calls_;
  std::map<ProfiledCall, Total> spans_;
  std::vector<Event> events_;
};

}  // namespace melgrad
