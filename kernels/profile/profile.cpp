#include "kernels/profile/profile.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "kernels/profile/recorder.h"

namespace melgrad {
namespace {

template <class... Values>
std::string printed(const char* form, Values... values) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, form, values...)), ' ');
  std::snprintf(text.data(), text.size() + 1, form, values...);
  return text;
}

// Of calls, alike or not: their sums.
struct Sums {
  std::string title;
  i64 calls = 0;
  double seconds = 0, flop = 0, bytes = 0;

  void add(const ProfileLine& line) {
    auto count = static_cast<double>(line.calls);
    calls += line.calls;
    seconds += line.seconds;
    flop += count * line.call.flop;
    bytes += count * line.call.bytes;
  }
};

std::string rate(double amount, double seconds, const char* form) {
  return amount > 0 ? printed(form, amount / seconds * 1e-9) : "       –";
}

// `all`: the seconds that are 100 %.
std::string line_of(const Sums& sums, double all) {
  return printed("%6.1f %%%10.1f ms%10lld%10.3f ms", 100 * sums.seconds / all, sums.seconds * 1e3,
                 static_cast<long long>(sums.calls),
                 sums.seconds / static_cast<double>(sums.calls) * 1e3) +
         rate(sums.flop, sums.seconds, "%8.0f") + rate(sums.bytes, sums.seconds, "%8.1f") + "  " +
         sums.title + '\n';
}

std::string table_of(std::vector<Sums> sums, double all, std::size_t rows) {
  std::stable_sort(sums.begin(), sums.end(),
                   [](const Sums& a, const Sums& b) { return a.seconds > b.seconds; });
  std::string text = "   share        total     calls         each  GFLOP/s    GB/s\n";
  double rest = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (i < rows)
      text += line_of(sums[i], all);
    else
      rest += sums[i].seconds;
  }
  if (sums.size() > rows)
    text += printed("%6.1f %%%10.1f ms  of %zu others\n", 100 * rest / all, rest * 1e3,
                    sums.size() - rows);
  return text;
}

}  // namespace

Profile::Profile(std::size_t most_events) { Recorder::get().begin(most_events); }
Profile::~Profile() { stop(); }
void Profile::stop() { Recorder::get().end(); }
std::vector<ProfileLine> Profile::lines() const { return Recorder::get().lines(); }
double Profile::seconds() const { return Recorder::get().seconds(); }
double Profile::seconds_in_calls() const { return Recorder::get().seconds_in_calls(); }
std::string Profile::trace() const { return Recorder::get().trace(); }

std::string Profile::table(std::size_t rows) const {
  std::map<std::string, Sums> by_name;
  std::vector<Sums> names, kinds;
  for (const ProfileLine& line : lines()) {
    const auto& [name, sizes, flop, bytes] = line.call;
    by_name.try_emplace(name, Sums{name}).first->second.add(line);
    kinds.push_back({format("{} {}", name, sizes)});
    kinds.back().add(line);
  }
  for (const auto& [name, sums] : by_name) names.push_back(sums);
  double lasted = seconds(), in_calls = seconds_in_calls();
  return printed(
             "%.3f s, of which the main thread spent %.3f s (%.1f %%) in calls of the backend\n",
             lasted, in_calls, 100 * in_calls / lasted) +
         table_of(names, lasted, rows) + '\n' + table_of(kinds, lasted, rows);
}

bool profiling() { return Recorder::get().is_on(); }

Span::Span(std::string_view name) {
  if (!profiling()) return;
  name_ = name;
  begin_ = Recorder::get().now();
}

Span::~Span() {
  if (name_) Recorder::get().add_span(*name_, begin_, Recorder::get().now());
}

}  // namespace melgrad
