#pragma once
#include <chrono>
#include <string>

#include "kernels/dtype.h"

namespace melgrad {

/// "0:07", "3:25", "1:02:09"
std::string clock_time(double seconds);

/// A line on stderr.
void say(const std::string& text);

/// Says on stderr how far something is. On a terminal one line is rewritten, at most ten times a
/// second, with a bar and an estimate of the time left; elsewhere only `line` prints.
class Progress {
 public:
  /// `total` units of work make 100 %.
  Progress(std::string title, i64 total);
  /// One that says nothing.
  static Progress silent() { return Progress("", 0, true); }
  ~Progress();  // erases an unfinished bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units are done. The estimate counts from the first call, so work that was done before a
  /// resume does not enter it.
  void show(i64 done, const std::string& remark = {});
  /// A line that stays: above the bar on a terminal.
  void line(const std::string& text);
  /// Takes the bar away until the next show(), for output elsewhere.
  void erase();
  double seconds() const;

 private:
  Progress(std::string title, i64 total, bool silent);
  using Clock = std::chrono::steady_clock;

  std::string title_;
  i64 total_, first_ = -1;
  bool silent_, terminal_, drawn_ = false;
  Clock::time_point started_, first_at_, last_drawn_;
};

}  // namespace melgrad
