#include "apps/harness/console/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace melgrad {
namespace {

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string clock_time(double seconds) {
  auto whole = static_cast<long>(std::max(0.0, std::round(seconds)));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

Progress::Progress(std::string title, i64 total) : Progress(std::move(title), total, false) {}

Progress::Progress(std::string title, i64 total, bool silent)
    : title_(std::move(title)),
      total_(std::max<i64>(total, 1)),
      silent_(silent),
      terminal_(!silent && isatty(STDERR_FILENO) == 1),
      started_(Clock::now()) {}

Progress::~Progress() { erase(); }

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

void Progress::show(i64 done, const std::string& remark) {
  auto now = Clock::now();
  if (first_ < 0) {
    first_ = done;
    first_at_ = now;
  }
  if (!terminal_ || (drawn_ && done < total_ && now - last_drawn_ < std::chrono::milliseconds(100)))
    return;

  constexpr i64 cells = 20;
  i64 full = std::clamp<i64>(done * cells / total_, 0, cells);
  std::string bar;
  for (i64 i = 0; i < cells; ++i) bar += i < full ? "━" : "╌";
  std::string left;
  if (done > first_) {
    double elapsed = std::chrono::duration<double>(now - first_at_).count();
    double rate = elapsed / static_cast<double>(done - first_);
    left = clock_time(rate * static_cast<double>(std::max<i64>(0, total_ - done))) + " left";
  }
  // The bar's cells are three bytes each; everything else is cut to the terminal's width.
  std::string rest = "  " + left + (left.empty() ? "" : "  ") + remark;
  std::size_t room = terminal_width() - 1, used = title_.size() + 2 + cells;
  rest.resize(std::min(rest.size(), room > used ? room - used : 0));
  std::fprintf(stderr, "\r\033[2K%s  %s%s", title_.c_str(), bar.c_str(), rest.c_str());
  std::fflush(stderr);
  drawn_ = true;
  last_drawn_ = now;
}

void Progress::line(const std::string& text) {
  erase();
  if (!silent_) say(text);
}

void Progress::erase() {
  if (drawn_) std::fprintf(stderr, "\r\033[2K");
  drawn_ = false;
}

}  // namespace melgrad
