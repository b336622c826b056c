#include "kernels/profile/recorder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

namespace melgrad {
namespace {

i64 clock() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int thread_number() {
  static std::atomic<int> threads = 0;
  thread_local const int number = ++threads;
  return number;
}

std::string quoted(std::string_view text) {
  std::string all = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    all += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return all + '"';
}

// Three digits after the point: nanoseconds as microseconds.
std::string thousandths(i64 value) {
  std::string digits = std::to_string(value % 1000);
  return std::to_string(value / 1000) + '.' + std::string(3 - digits.size(), '0') + digits;
}

std::string whole(double value) { return std::to_string(std::llround(value)); }

}  // namespace

Recorder& Recorder::get() {
  static auto* recorder = new Recorder;
  return *recorder;
}

void Recorder::begin(std::size_t most_events) {
  std::lock_guard lock(mutex_);
  check(!is_on(), "profile", "there is one already");
  calls_.clear();
  spans_.clear();
  events_.clear();
  nanoseconds_in_calls_ = 0;
  events_left_out_ = 0;
  most_events_ = most_events;
  thread_ = thread_number();
  start_ = clock();
  on_ = true;
}

void Recorder::end() {
  std::lock_guard lock(mutex_);
  if (!is_on()) return;
  duration_ = now();
  on_ = false;
}

i64 Recorder::now() const { return clock() - start_; }

void Recorder::add(const Event& event) {
  if (events_.size() < most_events_) {
    events_.push_back(event);
  } else {
    ++events_left_out_;
  }
}

// What began before the profile, or ends after it, is not counted.
void Recorder::add_call(const ProfiledCall& call, i64 begin, i64 end, std::size_t bytes_in_use) {
  std::lock_guard lock(mutex_);
  if (!is_on() || begin < 0) return;
  auto found = calls_.try_emplace(call).first;
  ++found->second.calls;
  found->second.nanoseconds += end - begin;
  int thread = thread_number();
  if (thread == thread_) nanoseconds_in_calls_ += end - begin;
  add({&found->first, thread, num_threads(), begin, end, bytes_in_use});
}

void Recorder::add_span(const std::string& name, i64 begin, i64 end) {
  std::lock_guard lock(mutex_);
  if (!is_on() || begin < 0) return;
  const ProfiledCall& span = spans_.try_emplace({.name = name}).first->first;
  add({.call = &span, .thread = thread_number(), .begin = begin, .end = end, .is_span = true});
}

std::vector<ProfileLine> Recorder::lines() const {
  std::lock_guard lock(mutex_);
  std::vector<ProfileLine> lines;
  lines.reserve(calls_.size());
  for (const auto& [call, total] : calls_)
    lines.push_back({call, total.calls, static_cast<double>(total.nanoseconds) * 1e-9});
  std::stable_sort(lines.begin(), lines.end(), [](const ProfileLine& a, const ProfileLine& b) {
    return a.seconds > b.seconds;
  });
  return lines;
}

double Recorder::seconds() const {
  std::lock_guard lock(mutex_);
  return static_cast<double>(is_on() ? now() : duration_) * 1e-9;
}

double Recorder::seconds_in_calls() const {
  std::lock_guard lock(mutex_);
  return static_cast<double>(nanoseconds_in_calls_) * 1e-9;
}

std::string Recorder::trace() const {
  std::lock_guard lock(mutex_);
  std::string text = "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";
  text += R"({"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "melgrad"}})";
  std::set<int> threads;
  for (const Event& event : events_) threads.insert(event.thread);
  for (int thread : threads) {
    std::string name = thread == thread_ ? "main" : "thread " + std::to_string(thread);
    text += ",\n{\"ph\": \"M\", \"pid\": 1, \"tid\": " + std::to_string(thread) +
            ", \"name\": \"thread_name\", \"args\": {\"name\": " + quoted(name) + "}}";
  }
  std::size_t bytes_in_use = 0;
  for (const Event& event : events_) {
    const ProfiledCall& call = *event.call;
    i64 duration = event.end - event.begin;
    text += ",\n{\"ph\": \"X\", \"pid\": 1, \"tid\": " + std::to_string(event.thread) +
            ", \"ts\": " + thousandths(event.begin) + ", \"dur\": " + thousandths(duration) +
            ", \"name\": " + quoted(call.name);
    if (event.is_span) {
      text += R"(, "cat": "span"})";
      continue;
    }
    text += R"(, "cat": "call", "args": {"sizes": )" + quoted(call.sizes) +
            ", \"threads\": " + std::to_string(event.openmp_threads) +
            ", \"bytes\": " + whole(call.bytes);
    if (call.flop > 0 && duration > 0)
      text += ", \"GFLOP/s\": " + whole(call.flop / static_cast<double>(duration));
    text += "}}";
    if (event.bytes_in_use != bytes_in_use)
      text += R"(,
{"ph": "C", "pid": 1, "name": "memory in use", "ts": )" +
              thousandths(event.end) +
              ", \"args\": {\"bytes\": " + std::to_string(event.bytes_in_use) + "}}";
    bytes_in_use = event.bytes_in_use;
  }
  return text +
         "\n], \"otherData\": {\"events left out\": " + quoted(std::to_string(events_left_out_)) +
         "}}\n";
}

}  // namespace melgrad
